import { FileError, ProtocolError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { isText } from '../remote/names.js';

// Names that Windows gives to devices, with any ending (learn.microsoft.com, "Naming Files, Paths, and Namespaces").
const WINDOWS_DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;
/** The control characters are what stands before the space. */
const WINDOWS_FORBIDDEN = /[<>:"\\|?*]|[^ -\uffff]|[. ]$/;

/**
 * Why a name that the board told cannot be the name of a file here; undefined if it can. On no system may it leave the
 * folder it belongs to.
 */
export function nameProblem(name: string, platform: NodeJS.Platform): string | undefined {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')) {
    return 'it does not name a file';
  }
  if (platform !== 'linux' && !isText(name)) return 'it is not UTF-8';
  if (platform !== 'win32') return undefined;
  if (WINDOWS_DEVICE.test(name)) return 'Windows keeps this name for a device';
  return WINDOWS_FORBIDDEN.test(name) ? 'Windows does not take such a name' : undefined;
}

/** @throws FileError if a path from the board cannot be made here, ProtocolError if it would leave its folder. */
export function checkRelativePath(path: string, platform: NodeJS.Platform): void {
  for (const name of path.split('/')) {
    const problem = nameProblem(name, platform);
    if (problem === undefined) continue;
    const message = `The board has a file called ${safeText(path)}, which cannot be made here: ${problem}.`;
    const facts = { path, problem };
    if (problem === 'it does not name a file') throw new ProtocolError(message, { facts });
    throw new FileError(message, { facts, hint: 'Rename it on the board, or leave it out.' });
  }
}

/**
 * Two paths that are one and the same on a file system that takes large and small letters for the same, as those of
 * Windows and macOS do; undefined if there are none.
 */
export function caseCollision(paths: Iterable<string>): readonly [string, string] | undefined {
  const seen = new Map<string, string>();
  for (const path of paths) {
    const folded = path.normalize('NFC').toLowerCase();
    const other = seen.get(folded);
    if (other !== undefined && other !== path) return [other, path];
    seen.set(folded, path);
  }
  return undefined;
}
