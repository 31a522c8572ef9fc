import { posix } from 'node:path';
import tarStream, { type Extract } from 'tar-stream';
import { errnoOf, errnoText } from '../../storage/errno.js';
import { throwIfAborted } from '../../../time/deadline.js';
import { isFileError, ProgramError, type BoardProcess } from '../program.js';
import type { TarPlan } from './tar-plan.js';

type Entry = Extract extends AsyncIterable<infer Item> ? Item : never;

const NO_ARCHIVE = 'This does not look like a tar archive';
const UMASK = 0o022;

/** What is set on folders at the end, so that one without write permission can be filled first. */
interface FolderAttributes {
  readonly path: string;
  readonly mode: number;
  readonly modifiedAtS: number;
}

interface Reading {
  readonly archive: AsyncIterable<Buffer>;
  /** Names to extract with all below them; all if there are none. */
  readonly wanted: readonly string[];
  /** Called with the path on the board of everything that is unpacked. */
  readonly onEntry?: (path: string) => void;
}

export async function listArchive(process: BoardProcess, archive: AsyncIterable<Buffer>): Promise<number> {
  await forEachEntry(archive, async ({ header }) => {
    await process.print(`${header.name}\n`);
  });
  return 0;
}

/** Unpacks into the plan's folder. Names with `..` are left out, absolute ones lose their `/`, as with GNU tar. */
export async function extractArchive(process: BoardProcess, plan: TarPlan, reading: Reading): Promise<number> {
  const folders: FolderAttributes[] = [];
  let status = 0;
  await forEachEntry(reading.archive, async entry => {
    throwIfAborted(process.signal);
    const name = wantedName(entry.header.name, plan, reading.wanted);
    if (name === undefined) return;
    if (plan.isVerbose) await process.print(`${entry.header.name}\n`);
    if (hasDots(name) || (entry.header.type === 'link' && hasDots(entry.header.linkname))) {
      await process.complain(`${name}: Member name contains '..'`);
      status = 2;
      return;
    }
    try {
      await extractEntry(process, plan, { entry, name, folders });
      reading.onEntry?.(posix.join(plan.folder, name));
    } catch (error) {
      if (!isFileError(error)) throw error;
      await process.complain(`${name}: Cannot open: ${errnoText(error)}`);
      status = 2;
      if (errnoOf(error) === 'ENOSPC') throw new ProgramError('Exiting with failure status due to previous errors', 2);
    }
  });
  for (const folder of folders.reverse()) {
    await process.files.chmod(folder.path, folder.mode);
    if (plan.keepsTimes) await process.files.utimes(folder.path, folder.modifiedAtS, folder.modifiedAtS);
  }
  if (status !== 0) await process.complain('Exiting with failure status due to previous errors');
  return status;
}

interface Extraction {
  readonly entry: Entry;
  readonly name: string;
  readonly folders: FolderAttributes[];
}

async function extractEntry(process: BoardProcess, plan: TarPlan, { entry, name, folders }: Extraction): Promise<void> {
  const { files } = process;
  const { header } = entry;
  const path = posix.join(plan.folder, name);
  const mode = header.mode & (plan.keepsModes ? 0o7777 : 0o777 & ~UMASK);
  const modifiedAtS = modifiedAt(header);
  if (header.type === 'directory') {
    await files.makeDirectories(path);
    if (path !== plan.folder) folders.push({ path, mode, modifiedAtS });
    return;
  }
  await files.makeDirectories(posix.dirname(path));
  if (plan.keepsExisting && (await files.exists(path))) return;
  await makeRoom(process, path);
  if (header.type === 'symlink') {
    await files.symlink(header.linkname, path);
    if (plan.keepsTimes) await files.lutimes(path, modifiedAtS, modifiedAtS);
    return;
  }
  if (header.type === 'link') {
    await files.link(posix.join(plan.folder, header.linkname.replace(/^\/+/, '')), path);
    return;
  }
  if (header.type !== 'file' && header.type !== 'contiguous-file') {
    throw new ProgramError(`${name}: special files cannot be made on a virtual board`, 2);
  }
  await using file = await files.open(path, { write: true, create: true, exclusive: true, mode });
  for await (const chunk of entry as AsyncIterable<Buffer>) {
    throwIfAborted(process.signal);
    await file.write(chunk);
  }
  await file.chmod(mode);
  if (plan.keepsTimes) await file.utimes(modifiedAtS, modifiedAtS);
}

/** The header has whole seconds; a pax record tells the rest. */
function modifiedAt({ mtime, pax }: Entry['header']): number {
  const exact = typeof pax === 'object' && pax !== null && 'mtime' in pax ? Number(pax.mtime) : NaN;
  return Number.isFinite(exact) ? exact : mtime.getTime() / 1000;
}

/** What is in the way of a new file goes, but not a folder. */
async function makeRoom({ files }: BoardProcess, path: string): Promise<void> {
  try {
    await files.unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function wantedName(name: string, plan: TarPlan, wanted: readonly string[]): string | undefined {
  const plain = name.replace(/^\/+/, '').replace(/\/+$/, '');
  const isWanted = wanted.length === 0 || wanted.some(item => under(plain, item.replace(/\/+$/, '')));
  const stripped = plain.split('/').slice(plan.stripComponents).join('/');
  if (!isWanted || (stripped === '' && plan.stripComponents > 0)) return undefined;
  return stripped === '' ? '.' : stripped;
}

function under(name: string, folder: string): boolean {
  return name === folder || name.startsWith(`${folder}/`);
}

function hasDots(name: string): boolean {
  return name.split('/').includes('..');
}

/** Calls `work` for every entry and passes over what it leaves unread. @throws ProgramError if this is no archive */
async function forEachEntry(archive: AsyncIterable<Buffer>, work: (entry: Entry) => Promise<void>): Promise<void> {
  const extract = tarStream.extract();
  // The first thing that went wrong on the archive's side; streams tell only that they were destroyed.
  let failure: unknown;
  extract.once('error', error => {
    failure ??= error;
  });
  const fed = feed(extract, archive).catch((error: unknown) => {
    failure ??= error;
    extract.destroy(null);
  });
  try {
    for await (const entry of extract) {
      await work(entry);
      // Asked for another entry after its end, tar-stream would never answer.
      if (extract.destroyed) break;
      entry.resume();
    }
    await fed;
    if (failure !== undefined) throw asError(failure);
  } catch (error) {
    extract.destroy(null);
    await fed;
    throw readable(error instanceof Error && 'code' in error && error.code === 'STREAM_DESTROYED' ? failure : error);
  }
}

async function feed(extract: Extract, archive: AsyncIterable<Buffer>): Promise<void> {
  const closed = new Promise<void>(resolve => extract.once('close', resolve));
  let isEmpty = true;
  for await (const chunk of archive) {
    isEmpty = false;
    if (extract.destroyed) return;
    if (extract.write(chunk)) continue;
    await Promise.race([new Promise<void>(resolve => extract.once('drain', resolve)), closed]);
  }
  if (isEmpty) throw new ProgramError(NO_ARCHIVE, 2);
  extract.end(null);
}

/** What tar-stream says of a broken archive, in the words of tar. */
function readable(error: unknown): Error {
  const message = error instanceof Error ? error.message : '';
  if (message.startsWith('Unexpected end of data')) return new ProgramError('Unexpected EOF in archive', 2);
  if (message.startsWith('Invalid tar header')) return new ProgramError(NO_ARCHIVE, 2);
  return asError(error);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
