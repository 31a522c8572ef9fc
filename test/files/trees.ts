import { lstat, mkdir, readdir, readFile, readlink, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SshSession } from '../../src/ssh/session.js';

/** A folder as one line for each thing in it: `file 644 <time> <content>`, `folder 755`, `link -> target`. */
export type Tree = Record<string, string>;

const MAX_SHOWN = 40;

function show(content: Buffer): string {
  return content.length <= MAX_SHOWN
    ? content.toString('latin1')
    : `${String(content.length)} bytes ${checkValue(content)}`;
}

function checkValue(content: Buffer): string {
  let sum = 7;
  for (const byte of content) sum = (Math.imul(sum, 31) + byte) | 0;
  return (sum >>> 0).toString(16);
}

/** Reads a folder of this host; times in whole seconds. */
export async function localTree(folder: string): Promise<Tree> {
  const tree: Tree = {};
  const walk = async (below: string): Promise<void> => {
    for (const own of await readdir(join(folder, below))) {
      const name = below === '' ? own : `${below}/${own}`;
      const path = join(folder, name);
      const stats = await lstat(path);
      const mode = process.platform === 'win32' ? '' : (stats.mode & 0o7777).toString(8);
      const time = Math.floor(stats.mtimeMs / 1000);
      if (stats.isSymbolicLink()) tree[name] = `link -> ${await readlink(path)}`;
      else if (stats.isDirectory()) {
        tree[name] = `folder ${mode} ${String(time)}`;
        await walk(name);
      } else tree[name] = `file ${mode} ${String(time)} ${show(await readFile(path))}`;
    }
  };
  await walk('');
  return sorted(tree);
}

function sorted(tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The same of a folder on the board, read by SFTP. */
export async function boardTree(session: SshSession, folder: string): Promise<Tree> {
  const sftp = await session.sftp();
  const tree: Tree = {};
  const walk = async (path: string, below: string): Promise<void> => {
    for (const entry of await sftp.readdir(path)) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      const mode = process.platform === 'win32' ? '' : entry.mode.toString(8);
      const time = String(entry.modifiedAtS);
      if (entry.type === 'directory') {
        tree[name] = `folder ${mode} ${time}`;
        await walk(`${path}/${entry.name}`, name);
      } else if (entry.type === 'symlink') tree[name] = `link -> ${await sftp.readlink(`${path}/${entry.name}`)}`;
      else tree[name] = `file ${mode} ${time} ${show(await readRemote(session, `${path}/${entry.name}`))}`;
    }
  };
  await walk(folder, '');
  return sorted(tree);
}

/** Names of everything in a folder of the board, which may be changing. */
export async function boardNames(session: SshSession, folder: string): Promise<string[]> {
  const sftp = await session.sftp();
  const entries = await sftp.readdir(folder).catch(() => []);
  const below = await Promise.all(
    entries.map(async ({ name, type }) =>
      type === 'directory' ? (await boardNames(session, `${folder}/${name}`)).map(child => `${name}/${child}`) : [],
    ),
  );
  return [...entries.map(({ name }) => name), ...below.flat()].sort();
}

export async function readRemote(session: SshSession, path: string): Promise<Buffer> {
  await using file = await (await session.sftp()).open(path, 'read');
  const chunks: Buffer[] = [];
  for (let position = 0; ;) {
    const chunk = await file.read(32_000, position);
    if (chunk.length === 0) return Buffer.concat(chunks);
    chunks.push(chunk);
    position += chunk.length;
  }
}

export async function writeRemote(session: SshSession, path: string, content: string): Promise<void> {
  await using file = await (await session.sftp()).open(path, 'write-truncate', 0o644);
  if (content !== '') await file.write(Buffer.from(content), 0);
}

/** Makes files (with their content), folders (names that end in `/`) and symlinks (`-> target`). */
export async function makeTree(folder: string, tree: Record<string, string | Buffer>): Promise<void> {
  for (const [name, content] of Object.entries(tree)) {
    const path = join(folder, name);
    await mkdir(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (name.endsWith('/')) continue;
    if (typeof content === 'string' && content.startsWith('-> ')) await symlink(content.slice(3), path);
    else {
      await writeFile(path, content);
      await utimes(path, 1_600_000_000, 1_600_000_000);
    }
  }
}
