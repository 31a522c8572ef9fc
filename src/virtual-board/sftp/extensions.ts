import { sshString } from '../../keys/ssh-wire.js';
import { BoardFileError } from '../storage/errno.js';
import { RESPONSE, uint64, type PacketReader } from './packet.js';
import { absolute, done, type Reply, type SftpContext } from './reply.js';

const BLOCK_BYTES = 4096;
const MAX_NAME_BYTES = 255;

/** What the OpenSSH 7.9 of a board offers beyond version 3; limits@openssh.com came later. */
export const EXTENSIONS = {
  'posix-rename@openssh.com': '1',
  'statvfs@openssh.com': '2',
  'hardlink@openssh.com': '1',
  'fsync@openssh.com': '1',
} as const;

export class UnsupportedRequestError extends Error {}

export async function extendedRequest(context: SftpContext, body: PacketReader): Promise<Reply> {
  const name = body.text();
  switch (name as keyof typeof EXTENSIONS) {
    case 'posix-rename@openssh.com':
      return done(context.files.rename(absolute(body.text()), absolute(body.text())));
    case 'hardlink@openssh.com':
      return done(context.files.link(absolute(body.text()), absolute(body.text())));
    case 'fsync@openssh.com':
      return done(context.handles.file(body.bytes()).sync());
    case 'statvfs@openssh.com':
      return diskReply(context, absolute(body.text()));
    default:
      throw new UnsupportedRequestError();
  }
}

async function diskReply({ files }: SftpContext, path: string): Promise<Reply> {
  if (!(await files.exists(path))) throw new BoardFileError('ENOENT');
  const { disk } = files;
  const blocks = Math.floor(disk.sizeBytes / BLOCK_BYTES);
  const free = Math.max(0, blocks - Math.ceil((await disk.usedBytes()) / BLOCK_BYTES));
  const fileCount = 131_072;
  const values = [BLOCK_BYTES, BLOCK_BYTES, blocks, free, free, fileCount, fileCount, fileCount, 0, 0, MAX_NAME_BYTES];
  return { type: RESPONSE.EXTENDED, fields: values.map(uint64) };
}

/** The list of extensions as the answer to INIT carries it. */
export function extensionFields(): Buffer[] {
  return Object.entries(EXTENSIONS).flatMap(([name, version]) => [sshString(name), sshString(version)]);
}
