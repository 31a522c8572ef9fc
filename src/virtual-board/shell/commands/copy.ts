import { throwIfAborted } from '../../../time/deadline.js';
import { posix } from 'node:path';
import type { Stats } from 'node:fs';
import { errnoOf, errnoText } from '../../storage/errno.js';
import { has, parseOptions, valueOf, type Options } from '../options.js';
import { isFileError, ProgramError, type BoardProcess } from '../program.js';

/** `cp [-a] [-r] [-p] [-f] [-n] [-L] FILE… PLACE`. */
export async function cp(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, {
    letters: 'adfinpPrRLTuvt:',
    long: { archive: 'a', recursive: 'r', preserve: 'p', force: 'f', 'target-directory': 't' },
  });
  return toPlace(process, options, 'cp', async (from, to) => {
    const stats =
      has(options, 'aPdrR') && !has(options, 'L') ? await process.files.lstat(from) : await process.files.stat(from);
    if (stats.isDirectory() && !has(options, 'arR')) {
      throw new ProgramError(`-r not specified; omitting directory '${from}'`);
    }
    if (has(options, 'n') && (await process.files.exists(to))) return;
    await copyTree(process, { from, to, keeps: has(options, 'ap'), follows: has(options, 'L') });
  });
}

/** `mv [-f] [-n] [-T] FILE… PLACE`. */
export async function mv(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'finTuvt:', long: { force: 'f', 'target-directory': 't' } });
  return toPlace(process, options, 'mv', async (from, to) => {
    if (has(options, 'n') && (await process.files.exists(to))) return;
    await process.files.rename(from, to);
  });
}

/** Calls `work` for every file with where it goes: into the place if that is a folder, else to exactly that path. */
async function toPlace(
  process: BoardProcess,
  options: Options,
  name: 'cp' | 'mv',
  work: (from: string, to: string) => Promise<void>,
): Promise<number> {
  const operands = [...options.operands];
  const place = valueOf(options, 't') ?? operands.pop();
  if (place === undefined || operands.length === 0) throw new ProgramError('missing file operand');
  const isFolder = !has(options, 'T') && (await isDirectory(process, process.path(place)));
  if (operands.length > 1 && !isFolder) throw new ProgramError(`target '${place}' is not a directory`);
  let status = 0;
  for (const operand of operands) {
    const target = isFolder ? posix.join(process.path(place), posix.basename(operand)) : process.path(place);
    try {
      await work(process.path(operand), target);
    } catch (error) {
      if (!isFileError(error)) throw error;
      const isSource = errnoOf(error) === 'ENOENT' && !(await process.files.exists(process.path(operand)));
      const what = isSource
        ? `cannot stat '${operand}'`
        : `cannot ${name === 'cp' ? 'create regular file' : 'move'} '${place}'`;
      await process.complain(`${what}: ${errnoText(error)}`);
      status = 1;
    }
  }
  return status;
}

interface Copy {
  readonly from: string;
  readonly to: string;
  readonly keeps: boolean;
  readonly follows: boolean;
}

async function copyTree(process: BoardProcess, copy: Copy): Promise<void> {
  throwIfAborted(process.signal);
  const { files } = process;
  const stats = copy.follows ? await files.stat(copy.from) : await files.lstat(copy.from);
  if (stats.isSymbolicLink()) {
    await files.unlink(copy.to).catch(() => undefined);
    await files.symlink(await files.readlink(copy.from), copy.to);
    return;
  }
  if (stats.isDirectory()) {
    if (copy.to.startsWith(`${copy.from}/`))
      throw new ProgramError(`cannot copy a directory, '${copy.from}', into itself`);
    if (!(await isDirectory(process, copy.to))) await files.mkdir(copy.to);
    for (const name of await files.readdir(copy.from)) {
      await copyTree(process, { ...copy, from: posix.join(copy.from, name), to: posix.join(copy.to, name) });
    }
  } else {
    await copyFile(process, copy, stats);
  }
  if (copy.keeps) await files.chmod(copy.to, stats.mode);
  if (copy.keeps) await files.utimes(copy.to, stats.atimeMs / 1000, stats.mtimeMs / 1000);
}

async function copyFile({ files, signal }: BoardProcess, { from, to }: Copy, stats: Stats): Promise<void> {
  await using source = await files.open(from, { read: true });
  await using target = await files.open(to, { write: true, create: true, truncate: true, mode: stats.mode & 0o777 });
  for await (const chunk of source.chunks()) {
    throwIfAborted(signal);
    await target.write(chunk);
  }
}

async function isDirectory(process: BoardProcess, path: string): Promise<boolean> {
  const stats = await process.files.stat(path).catch(() => undefined);
  return stats?.isDirectory() === true;
}
