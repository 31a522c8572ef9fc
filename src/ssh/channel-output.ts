import type { ClientChannel } from 'ssh2';

interface Source {
  readonly readableLength: number;
  readonly readableHighWaterMark: number;
  push(chunk: unknown, encoding?: BufferEncoding): boolean;
  _read(size: number): void;
}

/**
 * stdout and stderr of a channel, which share one window (RFC 4254 section 5.2). ssh2 opens it again as soon as either
 * of them is read, so that a program which floods stdout while only stderr is read would fill the memory. This opens it
 * only when both have room.
 */
export class ChannelOutput {
  readonly #endings: (() => void)[];

  constructor(channel: ClientChannel) {
    this.#endings = [gate(channel, channel.stderr), gate(channel.stderr, channel)];
  }

  /** Ends both streams after what they hold already; whatever else the board sends is dropped. */
  end(): void {
    for (const end of this.#endings) end();
  }
}

function gate(stream: Source, other: Source): () => void {
  const push = stream.push.bind(stream);
  const read = stream._read.bind(stream);
  const isOtherFull = (): boolean => other.readableLength >= other.readableHighWaterMark;
  let ended = false;
  stream.push = chunk => {
    if (ended) return false;
    ended = chunk === null;
    return push(chunk) && !isOtherFull();
  };
  stream._read = size => {
    if (!isOtherFull()) read(size);
  };
  return () => stream.push(null);
}
