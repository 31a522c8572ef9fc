import { Writable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { TransportError, type ProtocolError } from '../errors.js';

const BUFFER_BYTES = 256 * 1024;

/** What a channel needs to know of the connection it belongs to. */
export interface Connection {
  readonly isOpen: () => boolean;
  /** Resolves when the connection has ended. */
  readonly closed: Promise<Error | undefined>;
  /** Ends the connection because of something that the board did. */
  readonly breakOff: (error: ProtocolError) => void;
}

/**
 * The sending side of a channel. ssh2's own swallows writes for good, without calling back, once the other side has
 * closed or the connection is gone; this one is destroyed then, as a pipe to a program that has ended.
 */
export class ChannelInput extends Writable {
  readonly #channel: ClientChannel;

  constructor(channel: ClientChannel, connection: Connection) {
    super({ highWaterMark: BUFFER_BYTES, decodeStrings: true });
    this.#channel = channel;
    // Those who care listen too; a program that ends without reading all of its input is no error by itself.
    this.on('error', () => undefined);
    // ssh2 calls this when the board closes the channel; its events wait for somebody to read the output.
    const close = channel.close.bind(channel);
    channel.close = () => {
      this.destroy();
      close();
    };
    void connection.closed.then(lost => {
      this.destroy(lost ?? new TransportError('The connection to the board has been closed.'));
    });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#channel.write(chunk, done);
  }

  /** Small pieces leave together: every write of its own is a packet of its own. */
  override _writev(pieces: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#channel.write(Buffer.concat(pieces.map(({ chunk }) => chunk)), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#channel.end();
    done();
  }
}
