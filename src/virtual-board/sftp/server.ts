import { sshString, uint32 } from '../../keys/ssh-wire.js';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { errnoOf, type Errno } from '../storage/errno.js';
import type { BoardFileSystem } from '../storage/file-system.js';
import { extensionFields, UnsupportedRequestError } from './extensions.js';
import { Handles } from './handles.js';
import { MalformedPacketError, packet, packets, REQUEST, RESPONSE, STATUS, type PacketReader } from './packet.js';
import type { Reply, SftpContext } from './reply.js';
import { requests } from './requests.js';

const VERSION = 3;

/**
 * The SFTP subsystem on one channel, as OpenSSH's sftp-server does it: requests are answered one after the other in
 * their order. Resolves when the client is done or has sent something that is no SFTP; never rejects.
 */
export async function serveSftp(channel: Duplex, files: BoardFileSystem): Promise<void> {
  await using handles = new Handles();
  try {
    // The channel stays open at the end of its input, for the exit status.
    const input = channel.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const { type, body } of packets(input)) {
      if (type === REQUEST.INIT) {
        await send(channel, packet(RESPONSE.VERSION, uint32(VERSION), ...extensionFields()));
        continue;
      }
      const id = uint32(body.uint32());
      const answer = await replyTo(type, { files, handles }, body);
      await send(channel, packet(answer.type, id, ...answer.fields));
    }
  } catch {
    // The client broke off or is broken; either way its channel ends here, as with sftp-server.
  }
}

async function replyTo(type: number, context: SftpContext, body: PacketReader): Promise<Exclude<Reply, string>> {
  try {
    const handler = requests[type];
    if (handler === undefined) return status(STATUS.OP_UNSUPPORTED);
    const reply = await handler(context, body);
    if (reply === 'ok') return status(STATUS.OK);
    return reply === 'eof' ? status(STATUS.EOF) : reply;
  } catch (error) {
    if (error instanceof MalformedPacketError) return status(STATUS.BAD_MESSAGE);
    if (error instanceof UnsupportedRequestError) return status(STATUS.OP_UNSUPPORTED);
    return status(STATUS_OF[errnoOf(error)] ?? STATUS.FAILURE);
  }
}

/** As errno_to_portable of OpenSSH's sftp-server; all others are a plain failure. */
const STATUS_OF: Readonly<Partial<Record<Errno, number>>> = {
  ENOENT: STATUS.NO_SUCH_FILE,
  ENOTDIR: STATUS.NO_SUCH_FILE,
  EBADF: STATUS.NO_SUCH_FILE,
  ELOOP: STATUS.NO_SUCH_FILE,
  EPERM: STATUS.PERMISSION_DENIED,
  EACCES: STATUS.PERMISSION_DENIED,
  ENAMETOOLONG: STATUS.BAD_MESSAGE,
  EINVAL: STATUS.BAD_MESSAGE,
};

const STATUS_TEXT: Readonly<Record<number, string>> = {
  [STATUS.OK]: 'Success',
  [STATUS.EOF]: 'End of file',
  [STATUS.NO_SUCH_FILE]: 'No such file',
  [STATUS.PERMISSION_DENIED]: 'Permission denied',
  [STATUS.FAILURE]: 'Failure',
  [STATUS.BAD_MESSAGE]: 'Bad message',
  [STATUS.OP_UNSUPPORTED]: 'Operation unsupported',
};

function status(code: number): Exclude<Reply, string> {
  return { type: RESPONSE.STATUS, fields: [uint32(code), sshString(STATUS_TEXT[code] ?? 'Failure'), sshString('')] };
}

async function send(channel: Duplex, data: Buffer): Promise<void> {
  if (channel.destroyed || !channel.writable) throw new Error('closed');
  if (!channel.write(data)) await Promise.race([once(channel, 'drain'), once(channel, 'close')]);
}
