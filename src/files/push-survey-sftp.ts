import type { SftpChannel, RemoteAttributes } from '../ssh/sftp.js';
import { mapBounded } from '../time/concurrency.js';
import { throwIfAborted } from '../time/deadline.js';
import type { RemoteItem } from './remote-items.js';
import { joinPath, missingParent, placeSources, type PushTarget, type PushWish } from './push-target.js';

const AT_ONCE = 16;
const MAX_DEPTH = 200;

/** What `surveyByScript` finds out, where the board has SFTP alone: folder by folder. @throws FileError, RemoteFileError */
export async function surveyBySftp(
  sftp: SftpChannel,
  wish: PushWish,
  signal: AbortSignal | undefined,
): Promise<PushTarget> {
  const found = await sftp.stat(wish.destination);
  const kind = found === undefined ? 'missing' : found.type === 'directory' ? 'folder' : 'other';
  const place = placeSources(wish, kind);
  if ((await sftp.stat(place.base))?.type !== 'directory') throw missingParent(place.base);
  const base = await sftp.realpath(place.base);
  const existing = new Map<string, RemoteItem>();
  if (place.newFolder === undefined) {
    for (const root of place.roots) await listInto(existing, { sftp, base, signal }, root);
  }
  return { ...place, base, existing, freeBytes: undefined, hasScripts: false };
}

interface Listing {
  readonly sftp: SftpChannel;
  readonly base: string;
  readonly signal: AbortSignal | undefined;
}

/** Adds what is at `root` and everything below it. A symlink at the root itself is followed, as scripts do. */
export async function listInto(items: Map<string, RemoteItem>, listing: Listing, root: string): Promise<void> {
  const { sftp, base, signal } = listing;
  const path = joinPath(base, root);
  const found = (await sftp.stat(path)) ?? (await sftp.lstat(path));
  if (!found) return;
  items.set(root, await itemOf(sftp, path, found));
  let folders = found.type === 'directory' ? [root] : [];
  for (let depth = 0; folders.length > 0 && depth < MAX_DEPTH; depth++) {
    throwIfAborted(signal);
    const lists = await mapBounded(folders, AT_ONCE, folder => sftp.readdir(joinPath(base, folder)));
    const children = lists.flatMap((entries, index) =>
      entries.map(entry => ({ path: joinPath(folders[index] ?? '', entry.name), entry })),
    );
    await mapBounded(children, AT_ONCE, async ({ path: child, entry }) => {
      items.set(child, await itemOf(sftp, joinPath(base, child), entry));
    });
    folders = children.filter(({ entry }) => entry.type === 'directory').map(({ path: child }) => child);
  }
}

async function itemOf(sftp: SftpChannel, path: string, attributes: RemoteAttributes): Promise<RemoteItem> {
  const { type, sizeBytes, mode, modifiedAtS } = attributes;
  const linkTarget = type === 'symlink' ? await sftp.readlink(path) : '';
  return { kind: type, sizeBytes, mode, modifiedAtS, linkTarget, device: '' };
}
