import { posix } from 'node:path';
import { randomBytes } from 'node:crypto';
import { errnoOf } from '../../storage/errno.js';
import { parseMode } from '../mode.js';
import { has, parseOptions, valueOf } from '../options.js';
import { ProgramError, type BoardProcess, type Program } from '../program.js';

/** Programs that make, change and remove files. */
export const changePrograms: Readonly<Record<string, Program>> = {
  chgrp: ignoreOwner,
  chmod,
  chown: ignoreOwner,
  ln,
  mkdir,
  mktemp,
  rm,
  rmdir,
  touch,
  truncate,
};

async function mkdir(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'pvm:', long: { parents: 'p', mode: 'm' } });
  const mode = valueOf(options, 'm');
  return process.forEach(
    options.operands,
    async path => {
      const bits = mode === undefined ? 0o755 : parseMode(mode, 0o755);
      if (has(options, 'p')) await process.files.makeDirectories(path, bits);
      else await process.files.mkdir(path, bits);
    },
    name => `cannot create directory '${name}'`,
  );
}

async function rmdir(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'pv' });
  return process.forEach(
    options.operands,
    path => process.files.rmdir(path),
    name => `failed to remove '${name}'`,
  );
}

async function rm(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'firRvd', long: { recursive: 'r', force: 'f' } });
  if (options.operands.length === 0 && !has(options, 'f')) throw new ProgramError('missing operand');
  return process.forEach(
    options.operands,
    async (path, name) => {
      if (/(?:^|\/)\.{1,2}\/?$/.test(name))
        throw new ProgramError(`refusing to remove '.' or '..' directory: skipping '${name}'`);
      const stats = await process.files.lstat(path).catch((error: unknown) => {
        if (has(options, 'f') && errnoOf(error) === 'ENOENT') return undefined;
        throw error;
      });
      if (stats === undefined) return;
      if (has(options, 'rR')) await process.files.removeTree(path);
      else if (stats.isDirectory() && has(options, 'd')) await process.files.rmdir(path);
      else await process.files.unlink(path);
    },
    name => `cannot remove '${name}'`,
  );
}

async function touch(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, {
    letters: 'acmhd:r:t:',
    long: { date: 'd', reference: 'r', 'no-create': 'c' },
  });
  const timeS = await touchTime(process, valueOf(options, 'd'), valueOf(options, 'r'));
  return process.forEach(
    options.operands,
    async path => {
      if (!(await process.files.exists(path))) {
        if (has(options, 'c')) return;
        await process.files.writeFile(path, '');
      }
      await process.files.utimes(path, timeS, timeS);
    },
    name => `cannot touch '${name}'`,
  );
}

async function touchTime(
  process: BoardProcess,
  date: string | undefined,
  reference: string | undefined,
): Promise<number> {
  if (reference !== undefined) return (await process.files.stat(process.path(reference))).mtimeMs / 1000;
  if (date === undefined) return Date.now() / 1000;
  const seconds = date.startsWith('@') ? Number(date.slice(1)) : Date.parse(date) / 1000;
  if (!Number.isFinite(seconds)) throw new ProgramError(`invalid date format '${date}'`);
  return seconds;
}

async function truncate(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'cs:', long: { size: 's' } });
  const match = /^(\d+)([KMG]?)$/i.exec(valueOf(options, 's') ?? '');
  if (match === null) throw new ProgramError('you must specify a size in bytes, K, M or G');
  const factor = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[(match[2] ?? '').toLowerCase()] ?? 1;
  return process.forEach(options.operands, async path => {
    await using file = await process.files.open(path, { write: true, create: true });
    await file.truncate(Number(match[1]) * factor);
  });
}

async function chmod(process: BoardProcess): Promise<number> {
  const options = parseOptions(
    process.args.map(arg => (/^-[rwxst]+$/.test(arg) ? `a${arg}` : arg)),
    { letters: 'Rvcf', long: { recursive: 'R' } },
  );
  const [mode = '', ...operands] = options.operands;
  const change = async (path: string): Promise<void> => {
    const stats = await process.files.stat(path);
    await process.files.chmod(path, parseMode(mode, stats.mode & 0o7777, stats.isDirectory()));
    if (!has(options, 'R') || !stats.isDirectory()) return;
    for (const name of await process.files.readdir(path)) {
      const below = posix.join(path, name);
      if (!(await process.files.lstat(below)).isSymbolicLink()) await change(below);
    }
  };
  return process.forEach(operands, change, name => `cannot access '${name}'`);
}

/** Files of a virtual board belong to whoever runs it; owners follow from where a file is. */
async function ignoreOwner(process: BoardProcess): Promise<number> {
  const [, ...operands] = process.args.filter(arg => !arg.startsWith('-'));
  return process.forEach(
    operands,
    async path => {
      await process.files.lstat(path);
    },
    name => `cannot access '${name}'`,
  );
}

async function ln(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'sfnrvT', long: { symbolic: 's', force: 'f' } });
  const [target = '', name = '.'] = options.operands;
  if (target === '') throw new ProgramError('missing file operand');
  const isFolder = await process.files.stat(process.path(name)).then(
    stats => stats.isDirectory() && !has(options, 'nT'),
    () => false,
  );
  const place = isFolder ? `${name}/${posix.basename(target)}` : name;
  return process.forEach(
    [place],
    async path => {
      if (has(options, 'f')) await process.files.unlink(path).catch(() => undefined);
      if (has(options, 's')) await process.files.symlink(target, path);
      else await process.files.link(process.path(target), path);
    },
    link => `failed to create ${has(options, 's') ? 'symbolic' : 'hard'} link '${link}'`,
  );
}

async function mktemp(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'dqtup:', long: { directory: 'd', tmpdir: 'p' } });
  const template = options.operands[0] ?? 'tmp.XXXXXXXXXX';
  const marks = /X{3,}(?=[^X/]*$)/.exec(template);
  if (marks === null) throw new ProgramError(`too few X's in template '${template}'`);
  const random = randomBytes(marks[0].length).toString('hex').slice(0, marks[0].length);
  const name = template.slice(0, marks.index) + random + template.slice(marks.index + marks[0].length);
  const folder = has(options, 'pt') || options.operands.length === 0 ? (valueOf(options, 'p') ?? '') || '/tmp' : '';
  const shown = folder === '' ? name : posix.join(folder, name);
  const path = process.path(shown);
  if (has(options, 'd')) await process.files.mkdir(path, 0o700);
  else await (await process.files.open(path, { write: true, create: true, exclusive: true, mode: 0o600 })).close();
  await process.print(`${shown}\n`);
  return 0;
}
