import { once } from 'node:events';
import { posix } from 'node:path';
import type { Stats } from 'node:fs';
import tarStream, { type Header, type Pack } from 'tar-stream';
import { errnoText } from '../../storage/errno.js';
import { ownerOf } from '../../storage/listing.js';
import { throwIfAborted } from '../../../time/deadline.js';
import { isFileError, type BoardProcess } from '../program.js';
import type { TarPlan } from './tar-plan.js';

export interface CreatedArchive {
  readonly chunks: AsyncIterable<Buffer>;
  /** Exit status once all chunks were taken: 2 if something could not be read. */
  readonly finished: Promise<number>;
}

/** Packs files of the board while the chunks are taken. */
export function createArchive(process: BoardProcess, plan: TarPlan, names: readonly string[]): CreatedArchive {
  const pack = tarStream.pack();
  const finished = packAll(process, plan, { pack, names });
  finished.catch((error: unknown) => {
    pack.destroy(error instanceof Error ? error : null);
  });
  return { chunks: pack as AsyncIterable<Buffer>, finished };
}

interface Packing {
  readonly pack: Pack;
  readonly names: readonly string[];
}

async function packAll(process: BoardProcess, plan: TarPlan, { pack, names }: Packing): Promise<number> {
  let status = 0;
  for (const name of names) status = Math.max(status, await packTree(process, plan, { pack, name }));
  pack.finalize();
  return status;
}

interface Item {
  readonly pack: Pack;
  readonly name: string;
}

async function packTree(process: BoardProcess, plan: TarPlan, { pack, name }: Item): Promise<number> {
  throwIfAborted(process.signal);
  const path = name.startsWith('/') ? name : posix.join(plan.folder, name);
  try {
    const stats = plan.followsLinks ? await process.files.stat(path) : await process.files.lstat(path);
    if (plan.isVerbose) await process.options.stderr.write(Buffer.from(`${name}\n`), process.signal);
    await packOne(process, { pack, name, path, stats });
    if (!stats.isDirectory() || !plan.isRecursive) return 0;
    let status = 0;
    for (const child of await process.files.readdir(path)) {
      const below = `${name.replace(/\/+$/, '')}/${child}`;
      status = Math.max(status, await packTree(process, plan, { pack, name: below }));
    }
    return status;
  } catch (error) {
    if (!isFileError(error)) throw error;
    await process.complain(`${name}: Cannot stat: ${errnoText(error)}`);
    return 2;
  }
}

interface Entry extends Item {
  readonly path: string;
  readonly stats: Stats;
}

async function packOne(process: BoardProcess, { pack, name, path, stats }: Entry): Promise<void> {
  const owner = ownerOf(process.files, path);
  const header: MemberHeader = {
    name: memberName(name, stats),
    mode: stats.mode & 0o7777,
    mtime: stats.mtime,
    uid: owner.uid,
    gid: owner.gid,
    uname: owner.name,
    gname: owner.name,
  };
  if (stats.isSymbolicLink()) {
    await entry(pack, { ...header, type: 'symlink', linkname: await process.files.readlink(path) });
  } else if (stats.isDirectory()) {
    await entry(pack, { ...header, type: 'directory' });
  } else if (stats.isFile()) {
    await packFile(process, pack, { header, path });
  }
}

function memberName(name: string, stats: Stats): string {
  const relative = name.replace(/^\/+/, '') || './';
  return stats.isDirectory() && !relative.endsWith('/') ? `${relative}/` : relative;
}

type MemberHeader = Partial<Header> & Pick<Header, 'name'>;

async function entry(pack: Pack, header: MemberHeader): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    pack.entry(header, error => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** A file that grows or shrinks meanwhile is cut or padded with zeros to the size in its header, as tar does. */
async function packFile(
  process: BoardProcess,
  pack: Pack,
  { header, path }: { header: MemberHeader; path: string },
): Promise<void> {
  await using file = await process.files.open(path, { read: true });
  const { size } = await file.stat();
  const sink = pack.entry({ ...header, type: 'file', size });
  const closed = once(sink, 'close');
  let left = size;
  for await (const chunk of file.chunks()) {
    throwIfAborted(process.signal);
    const part = chunk.subarray(0, left);
    left -= part.length;
    if (!sink.write(part)) await Promise.race([once(sink, 'drain'), closed]);
    if (left === 0) break;
  }
  if (left > 0) await process.complain(`${path}: File shrank; padding with zeros`);
  for (; left > 0; left -= Math.min(left, 65_536)) sink.write(Buffer.alloc(Math.min(left, 65_536)));
  sink.end(null);
  await closed;
}
