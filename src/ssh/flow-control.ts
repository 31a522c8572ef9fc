import type { ClientChannel } from 'ssh2';

/**
 * stdout and stderr of a channel share one window (RFC 4254 section 5.2). ssh2 opens it again as soon as either of them
 * is read, so that a program which floods stdout while only stderr is read would fill the memory. This opens it only
 * when both have room.
 */
export function shareWindow(channel: ClientChannel): void {
  const { stderr } = channel;
  const isFull = (stream: { readableLength: number; readableHighWaterMark: number }): boolean =>
    stream.readableLength >= stream.readableHighWaterMark;
  gate(channel, () => isFull(stderr));
  gate(stderr, () => isFull(channel));
}

interface Source {
  push(chunk: unknown, encoding?: BufferEncoding): boolean;
  _read(size: number): void;
}

function gate(stream: Source, isOtherFull: () => boolean): void {
  const push = stream.push.bind(stream);
  const read = stream._read.bind(stream);
  stream.push = chunk => push(chunk) && !isOtherFull();
  stream._read = size => {
    if (!isOtherFull()) read(size);
  };
}
