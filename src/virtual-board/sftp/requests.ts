import { sshString, uint32 } from '../../keys/ssh-wire.js';
import { posix } from 'node:path';
import { listingLine, ownerOf } from '../storage/listing.js';
import { BoardFileError } from '../storage/errno.js';
import type { BoardFileSystem } from '../storage/file-system.js';
import { extendedRequest } from './extensions.js';
import { attributes, OPEN_FLAG, REQUEST, RESPONSE, type PacketReader, type WantedAttributes } from './packet.js';
import { absolute, done, type Reply, type SftpContext } from './reply.js';

/** As OpenSSH 7.9 on a board: a read gives at most this much, however much was asked for. */
const MAX_READ_BYTES = 64 * 1024;
const NAMES_PER_REPLY = 100;

type Request = (context: SftpContext, body: PacketReader) => Promise<Reply>;

/** Every request of version 3 by its type, but INIT. They throw file errors, which become statuses. */
export const requests: Readonly<Record<number, Request>> = {
  [REQUEST.OPEN]: openFile,
  [REQUEST.CLOSE]: (context, body) => done(context.handles.close(body.bytes())),
  [REQUEST.READ]: read,
  [REQUEST.WRITE]: write,
  [REQUEST.LSTAT]: async (context, body) => {
    const path = absolute(body.text());
    return attributesReply(context, path, await context.files.lstat(path));
  },
  [REQUEST.STAT]: async (context, body) => {
    const path = absolute(body.text());
    return attributesReply(context, path, await context.files.stat(path));
  },
  [REQUEST.FSTAT]: async (context, body) => {
    const file = context.handles.file(body.bytes());
    return attributesReply(context, file.path, await file.stat());
  },
  [REQUEST.SETSTAT]: setAttributes,
  [REQUEST.FSETSTAT]: setOpenAttributes,
  [REQUEST.OPENDIR]: openFolder,
  [REQUEST.READDIR]: readFolder,
  [REQUEST.REMOVE]: (context, body) => done(context.files.unlink(absolute(body.text()))),
  [REQUEST.MKDIR]: (context, body) =>
    done(context.files.mkdir(absolute(body.text()), (body.attributes().mode ?? 0o777) & 0o777)),
  [REQUEST.RMDIR]: (context, body) => done(context.files.rmdir(absolute(body.text()))),
  [REQUEST.REALPATH]: realpath,
  [REQUEST.RENAME]: rename,
  [REQUEST.READLINK]: async (context, body) => nameReply(await context.files.readlink(absolute(body.text()))),
  // OpenSSH has the two names of this request in the other order than the draft, and clients follow it.
  [REQUEST.SYMLINK]: (context, body) => done(context.files.symlink(body.text(), absolute(body.text()))),
  [REQUEST.EXTENDED]: extendedRequest,
};

async function openFile({ files, handles }: SftpContext, body: PacketReader): Promise<Reply> {
  const path = absolute(body.text());
  const flags = body.uint32();
  const { mode = 0o666 } = body.attributes();
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const file = await files.open(path, {
    read: has(OPEN_FLAG.READ),
    write: has(OPEN_FLAG.WRITE),
    append: has(OPEN_FLAG.APPEND),
    create: has(OPEN_FLAG.CREATE),
    truncate: has(OPEN_FLAG.TRUNCATE),
    exclusive: has(OPEN_FLAG.EXCLUSIVE),
    mode: mode & 0o777,
  });
  return { type: RESPONSE.HANDLE, fields: [sshString(handles.add(file))] };
}

async function read({ handles }: SftpContext, body: PacketReader): Promise<Reply> {
  const file = handles.file(body.bytes());
  const position = body.uint64();
  const data = await file.read(Math.min(body.uint32(), MAX_READ_BYTES), position);
  return data.length === 0 ? 'eof' : { type: RESPONSE.DATA, fields: [sshString(data)] };
}

async function write({ handles }: SftpContext, body: PacketReader): Promise<Reply> {
  const file = handles.file(body.bytes());
  const position = body.uint64();
  await file.write(body.bytes(), position);
  return 'ok';
}

async function setAttributes({ files }: SftpContext, body: PacketReader): Promise<Reply> {
  const path = absolute(body.text());
  const wanted = body.attributes();
  if (wanted.sizeBytes !== undefined) {
    await using file = await files.open(path, { write: true });
    await file.truncate(wanted.sizeBytes);
  }
  if (wanted.mode !== undefined) await files.chmod(path, wanted.mode);
  if (wanted.timesS !== undefined) await files.utimes(path, wanted.timesS.accessed, wanted.timesS.modified);
  return 'ok';
}

async function setOpenAttributes({ handles }: SftpContext, body: PacketReader): Promise<Reply> {
  const file = handles.file(body.bytes());
  const wanted: WantedAttributes = body.attributes();
  if (wanted.sizeBytes !== undefined) await file.truncate(wanted.sizeBytes);
  if (wanted.mode !== undefined) await file.chmod(wanted.mode);
  if (wanted.timesS !== undefined) await file.utimes(wanted.timesS.accessed, wanted.timesS.modified);
  return 'ok';
}

async function openFolder({ files, handles }: SftpContext, body: PacketReader): Promise<Reply> {
  const path = absolute(body.text());
  const names = ['.', '..', ...(await files.readdir(path))].reverse();
  return { type: RESPONSE.HANDLE, fields: [sshString(handles.add({ path, names }))] };
}

async function readFolder({ files, handles }: SftpContext, body: PacketReader): Promise<Reply> {
  const listing = handles.folder(body.bytes());
  const fields: Buffer[] = [];
  let count = 0;
  while (count < NAMES_PER_REPLY) {
    const name = listing.names.pop();
    if (name === undefined) break;
    const path = posix.join(listing.path, name);
    const stats = await files.lstat(path).catch(() => undefined);
    if (stats === undefined) continue;
    const owner = ownerOf(files, path);
    fields.push(sshString(name), sshString(listingLine(name, stats, owner)), attributes(stats, owner));
    count += 1;
  }
  return count === 0 ? 'eof' : { type: RESPONSE.NAME, fields: [uint32(count), ...fields] };
}

async function realpath({ files }: SftpContext, body: PacketReader): Promise<Reply> {
  const path = posix.normalize(absolute(body.text()));
  return nameReply(await files.realpath(path).catch(() => path));
}

/** Unlike posix-rename@openssh.com this one refuses to replace a file. */
async function rename({ files }: SftpContext, body: PacketReader): Promise<Reply> {
  const from = absolute(body.text());
  const to = absolute(body.text());
  if ((await files.lstat(to).catch(() => undefined)) !== undefined) throw new BoardFileError('EEXIST');
  return done(files.rename(from, to));
}

function nameReply(path: string): Reply {
  return { type: RESPONSE.NAME, fields: [uint32(1), sshString(path), sshString(path), uint32(0)] };
}

function attributesReply(
  { files }: SftpContext,
  path: string,
  stats: Awaited<ReturnType<BoardFileSystem['stat']>>,
): Reply {
  return { type: RESPONSE.ATTRS, fields: [attributes(stats, ownerOf(files, path))] };
}
