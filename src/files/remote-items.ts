import { ProtocolError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { decodeName } from '../remote/names.js';

/** Something that is on the board. */
export interface RemoteItem {
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  readonly sizeBytes: number;
  readonly mode: number;
  readonly modifiedAtS: number;
  /** Of a symlink; empty otherwise. */
  readonly linkTarget: string;
  /** Number of the file system it is on; empty where it is not known. */
  readonly device: string;
}

export interface FoundItem {
  /** As `find` gives it: the root it was told, and what is below it. */
  readonly path: string;
  readonly root: string;
  readonly item: RemoteItem;
  /** Whether the login user may read it; true where that was not asked. */
  readonly isReadable: boolean;
}

/** What `parseItems` reads; `find` in C locale replaces \0 by a NUL byte. */
export const FIND_FORMAT = String.raw`%y\0%s\0%m\0%T@\0%D\0%p\0%l\0%P\0`;
const FIELDS = 8;
/** A record of the same length: the one before it is of something that the login user may not read. */
export const FIND_CLOSED = `!${String.raw`\0`.repeat(FIELDS)}`;

/** NUL-terminated fields as bytes. */
export function splitFields(output: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  for (let at = 0; at < output.length;) {
    const end = output.indexOf(0, at);
    if (end === -1) break;
    fields.push(output.subarray(at, end));
    at = end + 1;
  }
  return fields;
}

/** The output of `find -printf FIND_FORMAT`. @throws ProtocolError */
export function* parseItems(fields: readonly Buffer[]): Generator<FoundItem> {
  if (fields.length % FIELDS !== 0) throw new ProtocolError('The board listed its files in a way mdt does not know.');
  for (let at = 0; at < fields.length; at += FIELDS) {
    const text = (index: number): string => fields[at + index]?.toString('latin1') ?? '';
    const sizeBytes = Number(text(1));
    const mode = Number.parseInt(text(2), 8);
    const modifiedAtS = Math.round(Number(text(3)) * 1e6) / 1e6;
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || Number.isNaN(mode) || Number.isNaN(modifiedAtS)) {
      throw new ProtocolError('The board listed a file with a size, mode or time that is no number.');
    }
    const name = (index: number): string => decodeName(fields[at + index] ?? Buffer.alloc(0));
    const path = name(5);
    const item = {
      kind: kindOf(text(0)),
      sizeBytes,
      mode: mode & 0o7777,
      modifiedAtS,
      linkTarget: name(6),
      device: text(4),
    };
    const isReadable = fields[at + FIELDS]?.toString('latin1') !== '!';
    yield { path, root: rootOf(path, name(7)), item, isReadable };
    if (!isReadable) at += FIELDS;
  }
}

/** What of `path` is not `below` it. */
function rootOf(path: string, below: string): string {
  if (below === '') return path;
  return path.slice(0, path.length - below.length).replace(/(?<=.)\/$/, '');
}

function kindOf(letter: string): RemoteItem['kind'] {
  // With -L and -H a broken symlink is told as `N`, a loop as `L`.
  if (letter === 'f') return 'file';
  if (letter === 'd') return 'directory';
  return letter === 'l' || letter === 'N' || letter === 'L' ? 'symlink' : 'other';
}

/**
 * Whether a file already has the time of its source. A target that keeps whole seconds alone is compared by those; the
 * rest of the tolerance is what a double and a file system round off.
 */
export function sameTime(sourceS: number, targetS: number): boolean {
  if (Number.isInteger(targetS)) return Math.floor(sourceS) === targetS;
  return Math.abs(sourceS - targetS) < 0.001;
}

/** The part of `path` below `root`. @throws ProtocolError if it is not below it. */
export function below(root: string, path: string): string {
  if (path === root) return '';
  const prefix = root === '/' ? '/' : `${root}/`;
  if (!path.startsWith(prefix)) {
    throw new ProtocolError(`The board listed ${safeText(path)}, which was not asked for.`, { facts: { root, path } });
  }
  return path.slice(prefix.length);
}
