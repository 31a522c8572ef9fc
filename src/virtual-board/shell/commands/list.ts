import type { Stats } from 'node:fs';
import { posix } from 'node:path';
import { errnoText } from '../../storage/errno.js';
import { listingLine, modeLetters, ownerOf } from '../../storage/listing.js';
import { has, parseOptions, valueOf, type Options } from '../options.js';
import { isFileError, type BoardProcess } from '../program.js';

const BLOCK_BYTES = 4096;

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly stats: Stats;
}

/** `ls` with -1 -a -A -d -l -r -R -t -S -p -F -h. */
export async function ls(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, {
    letters: '1aACdFghiklLnopqrRsStUx',
    long: { all: 'a', 'almost-all': 'A', directory: 'd', recursive: 'R', reverse: 'r' },
  });
  const operands = options.operands.length > 0 ? options.operands : ['.'];
  const alone: Entry[] = [];
  const folders: Entry[] = [];
  let status = await process.forEach(
    operands,
    async (path, name) => {
      const follow = !has(options, 'ld') || name.endsWith('/');
      const stats = follow ? await statOrLink(process, path) : await process.files.lstat(path);
      (stats.isDirectory() && !has(options, 'd') ? folders : alone).push({ name, path, stats });
    },
    name => `cannot access '${name}'`,
  );
  await printEntries(process, alone, options);
  for (const [index, folder] of folders.entries()) {
    const isTitled = operands.length > 1 || has(options, 'R');
    if (isTitled) await process.print(`${index > 0 || alone.length > 0 ? '\n' : ''}${folder.name}:\n`);
    status = Math.max(status, await listFolder(process, folder, options));
  }
  return status === 0 ? 0 : 2;
}

/** A symlink that leads nowhere is listed itself. */
async function statOrLink(process: BoardProcess, path: string): Promise<Stats> {
  return process.files.stat(path).catch(() => process.files.lstat(path));
}

async function listFolder(process: BoardProcess, folder: Entry, options: Options): Promise<number> {
  let names: string[];
  try {
    names = await process.files.readdir(folder.path);
  } catch (error) {
    if (!isFileError(error)) throw error;
    await process.complain(`cannot open directory '${folder.name}': ${errnoText(error)}`);
    return 1;
  }
  if (has(options, 'a')) names.unshift('.', '..');
  const entries: Entry[] = [];
  for (const name of names) {
    if (name.startsWith('.') && !has(options, 'aA')) continue;
    const path = posix.join(folder.path, name);
    const stats = await process.files.lstat(path).catch(() => undefined);
    if (stats !== undefined) entries.push({ name, path, stats });
  }
  if (has(options, 'l')) await process.print(`total ${String(entries.length * 4)}\n`);
  await printEntries(process, entries, options);
  let status = 0;
  if (!has(options, 'R')) return status;
  for (const entry of entries) {
    if (!entry.stats.isDirectory() || entry.name === '.' || entry.name === '..') continue;
    const name = posix.join(folder.name, entry.name);
    await process.print(`\n${name}:\n`);
    status = Math.max(status, await listFolder(process, { ...entry, name }, options));
  }
  return status;
}

async function printEntries(process: BoardProcess, entries: Entry[], options: Options): Promise<void> {
  if (has(options, 't')) entries.sort((a, b) => b.stats.mtimeMs - a.stats.mtimeMs);
  if (has(options, 'S')) entries.sort((a, b) => b.stats.size - a.stats.size);
  if (has(options, 'r')) entries.reverse();
  for (const entry of entries) await process.print(`${await entryText(process, entry, options)}\n`);
}

async function entryText(process: BoardProcess, entry: Entry, options: Options): Promise<string> {
  const { stats } = entry;
  const mark = has(options, 'pF') && stats.isDirectory() ? '/' : has(options, 'F') && stats.isSymbolicLink() ? '@' : '';
  const name = `${entry.name}${mark}`;
  if (!has(options, 'l')) return name;
  const line = listingLine(name, stats, ownerOf(process.files, entry.path));
  return stats.isSymbolicLink() ? `${line} -> ${await process.files.readlink(entry.path)}` : line;
}

/** `stat [-L] [-c FORMAT] FILE…` with %a %A %F %n %N %s %U %G %u %g %X %Y %h %i %f. */
export async function stat(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, {
    letters: 'Lc:tf',
    long: { format: 'c', printf: 'c', dereference: 'L', 'file-system': 'f' },
  });
  const format = valueOf(options, 'c');
  if (has(options, 'f')) return statDisk(process, options.operands, format ?? '%b blocks of %S, %a free');
  return process.forEach(
    options.operands,
    async (path, name) => {
      const stats = has(options, 'L') ? await process.files.stat(path) : await process.files.lstat(path);
      const fields: Readonly<Record<string, string>> = {
        ...statFields(stats, ownerOf(process.files, path)),
        n: name,
        N: `'${name}'`,
      };
      const shape = format ?? '  File: %n\n  Size: %s\t%F\nAccess: (%a/%A)  Uid: (%u/%U)   Gid: (%g/%G)\nModify: %y';
      const text = shape.replace(/%([a-zA-Z%])/g, (whole, letter: string) =>
        letter === '%' ? '%' : (fields[letter] ?? whole),
      );
      await process.print(`${text}\n`);
    },
    name => `cannot stat '${name}'`,
  );
}

/** `stat -f`: %a and %f free blocks, %b all, %S and %s bytes in one, %c and %d files. */
async function statDisk(process: BoardProcess, paths: readonly string[], format: string): Promise<number> {
  const { disk } = process.files;
  return process.forEach(paths, async path => {
    await process.files.stat(path);
    const free = String(Math.floor(Math.max(0, disk.sizeBytes - (await disk.usedBytes())) / BLOCK_BYTES));
    const blocks = String(Math.floor(disk.sizeBytes / BLOCK_BYTES));
    const fields: Readonly<Record<string, string>> = {
      a: free,
      f: free,
      b: blocks,
      S: '4096',
      s: '4096',
      c: '131072',
      d: '131072',
    };
    await process.print(`${format.replace(/%([a-zA-Z])/g, (whole, letter: string) => fields[letter] ?? whole)}\n`);
  });
}

function statFields(stats: Stats, owner: ReturnType<typeof ownerOf>): Record<string, string> {
  return {
    a: (stats.mode & 0o7777).toString(8),
    A: modeLetters(stats),
    f: stats.mode.toString(16),
    F: typeName(stats),
    g: String(owner.gid),
    G: owner.name,
    h: String(stats.nlink),
    i: String(stats.ino),
    s: String(stats.size),
    u: String(owner.uid),
    U: owner.name,
    X: String(Math.floor(stats.atimeMs / 1000)),
    Y: String(Math.floor(stats.mtimeMs / 1000)),
    y: `${stats.mtime.toISOString().slice(0, 23).replace('T', ' ')}000000 +0000`,
  };
}

function typeName(stats: Stats): string {
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symbolic link';
  if (!stats.isFile()) return 'special file';
  return stats.size === 0 ? 'regular empty file' : 'regular file';
}
