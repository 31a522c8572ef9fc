import { DebError, openDeb, type Deb } from '../../packages/deb.js';
import { dependencyNames, type Paragraph } from '../../../formats/control.js';
import { INSTALLED, PackageDatabase, UNPACKED } from '../../packages/database.js';
import { errnoText } from '../../storage/errno.js';
import { isFileError, ProgramError, type BoardProcess } from '../program.js';
import { extractArchive } from './tar-extract.js';

export const ARCHITECTURE = 'arm64';

const EXTRACTION = {
  folder: '/',
  isVerbose: false,
  keepsModes: true,
  keepsTimes: true,
  isRecursive: true,
  followsLinks: false,
  keepsExisting: false,
  stripComponents: 0,
};

/** Reads only what a package says of itself. @throws ProgramError in dpkg's words */
export async function readControl(process: BoardProcess, name: string): Promise<Paragraph> {
  return withDeb(process, name, deb => Promise.resolve(deb.control));
}

/** What the package needs and the board does not have. */
export function missingDependencies(database: PackageDatabase, control: Paragraph): string[] {
  const field = [control.get('pre-depends'), control.get('depends')].filter(Boolean).join(', ');
  return dependencyNames(field)
    .filter(names => !names.some(name => database.isInstalled(name)))
    .map(names => names[0] ?? '');
}

/**
 * Unpacks a package and notes it, as `dpkg -i` does. Maintainer scripts do not run: programs of a virtual board are not
 * those of the host. Returns 1 if it stays unconfigured for want of a dependency. @throws ProgramError
 */
export async function installDeb(process: BoardProcess, name: string): Promise<number> {
  return withDeb(process, name, async deb => {
    const title = `${deb.control.get('package') ?? ''} (${deb.control.get('version') ?? ''})`;
    checkArchitecture(deb.control, name);
    await process.print(`Preparing to unpack ${name} ...\nUnpacking ${title} ...\n`);
    const paths: string[] = [];
    const onEntry = (path: string): void => {
      paths.push(path);
    };
    const status = await extractArchive(process, EXTRACTION, { archive: deb.data(), wanted: [], onEntry });
    if (status !== 0) throw new ProgramError(`error processing archive ${name} (--install):\n unpacking failed`);
    const database = await PackageDatabase.open(process.files);
    const missing = missingDependencies(database, deb.control);
    await database.put(deb.control, missing.length === 0 ? INSTALLED : UNPACKED, paths);
    if (missing.length > 0) return complainOfMissing(process, deb.control, missing);
    await process.print(`Setting up ${title} ...\n`);
    return 0;
  });
}

/** Removes a package's files, and its folders as far as they are empty then. */
export async function removePackage(process: BoardProcess, name: string): Promise<void> {
  const database = await PackageDatabase.open(process.files);
  const version = database.packages.get(name)?.get('version') ?? '';
  await process.print(`Removing ${name} (${version}) ...\n`);
  const paths = await database.paths(name);
  for (const path of paths.sort((a, b) => b.length - a.length)) {
    const stats = await process.files.lstat(path).catch(() => undefined);
    if (stats === undefined) continue;
    if (stats.isDirectory()) await process.files.rmdir(path).catch(() => undefined);
    else await process.files.unlink(path);
  }
  await database.remove(name);
}

async function withDeb<T>(process: BoardProcess, name: string, work: (deb: Deb) => Promise<T>): Promise<T> {
  try {
    await using file = await process.files.open(process.path(name), { read: true });
    return await work(await openDeb(file));
  } catch (error) {
    if (error instanceof DebError)
      throw new ProgramError(`error processing archive ${name} (--install):\n ${error.message}`);
    if (!isFileError(error)) throw error;
    throw new ProgramError(`error: cannot access archive '${name}': ${errnoText(error)}`, 2);
  }
}

function checkArchitecture(control: Paragraph, name: string): void {
  const architecture = control.get('architecture') ?? 'all';
  if (architecture === ARCHITECTURE || architecture === 'all') return;
  const reason = `package architecture (${architecture}) does not match system (${ARCHITECTURE})`;
  throw new ProgramError(`error processing archive ${name} (--install):\n ${reason}`);
}

async function complainOfMissing(
  process: BoardProcess,
  control: Paragraph,
  missing: readonly string[],
): Promise<number> {
  const name = control.get('package') ?? '';
  const lines = missing.map(other => ` ${name} depends on ${other}; however:\n  Package ${other} is not installed.`);
  await process.complain(
    `dependency problems prevent configuration of ${name}:\n${lines.join('\n')}\n\n` +
      `dpkg: error processing package ${name} (--install):\n dependency problems - leaving unconfigured`,
  );
  return 1;
}
