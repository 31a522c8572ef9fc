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

  /** `onFlood` is called when the board sends although there is no window left. */
  constructor(channel: ClientChannel, onFlood: () => void) {
    this.#endings = [gate(channel, channel.stderr, onFlood), gate(channel.stderr, channel, onFlood)];
  }

  /** Ends both streams after what they hold already; whatever else the board sends is dropped. */
  end(): void {
    for (const end of this.#endings) end();
  }
}

/** Of a window that was nearly unread and then opened again, with room to spare; ssh2 does not check it. */
const FLOOD_WINDOWS = 3;

function gate(stream: Source, other: Source, onFlood: () => void): () => void {
  const push = stream.push.bind(stream);
  const read = stream._read.bind(stream);
  const isOtherFull = (): boolean => other.readableLength >= other.readableHighWaterMark;
  let ended = false;
  stream.push = chunk => {
    if (ended) return false;
    ended = chunk === null;
    if (stream.readableLength > FLOOD_WINDOWS * stream.readableHighWaterMark) onFlood();
    return push(chunk) && !isOtherFull();
  };
  stream._read = size => {
    if (!isOtherFull()) read(size);
  };
  return () => stream.push(null);
}
