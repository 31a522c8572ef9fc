import type { SftpChannel } from '../ssh/sftp.js';
import { SftpReader } from './sftp-reader.js';
import type { RemoteItem } from './remote-items.js';
import { joinPath } from './paths.js';
import type { PushTarget, PushWish } from './push-target.js';
import { missingParent, placeSources } from './destination.js';

/** What `surveyByScript` finds out, where the board has SFTP alone: folder by folder. @throws FileError, RemoteFileError */
export async function surveyBySftp(
  sftp: SftpChannel,
  wish: PushWish,
  signal: AbortSignal | undefined,
): Promise<PushTarget> {
  const found = await sftp.stat(wish.destination.path);
  const kind = found === undefined ? 'missing' : found.type === 'directory' ? 'folder' : 'other';
  const place = placeSources(wish.destination, kind, wish.names);
  if ((await sftp.stat(place.base))?.type !== 'directory') throw missingParent(wish.destination);
  const base = await sftp.realpath(place.base);
  const existing = new Map<string, RemoteItem>();
  if (place.newFolder === undefined) {
    const lister = new SftpReader(sftp, 'preserve', signal);
    const trees = await lister.tree(place.roots.map(root => joinPath(base, root)));
    for (const root of place.roots) {
      const entries = trees.get(joinPath(base, root)) ?? [];
      for (const { relative, item } of entries) existing.set(joinPath(root, relative), item);
    }
  }
  return { ...place, base, existing, freeBytes: undefined, hasScripts: false };
}
