import type { Stats } from 'ssh2';
import { attributesOf, wireAttributes, type WritableAttributes } from './sftp-attributes.js';
import type { SftpRequests } from './sftp-requests.js';
import type { RemoteAttributes, RemoteFile } from './sftp.js';

/** What one request may carry. */
export interface RequestLimits {
  readonly readBytes: number;
  readonly writeBytes: number;
}

/** An open file of the board. Reads and writes may overlap; each has its own position. */
export class SftpFile implements RemoteFile {
  readonly #requests: SftpRequests;
  readonly #limits: RequestLimits;
  readonly #path: string;
  readonly #handle: Buffer;
  #closed: Promise<void> | undefined;

  constructor(requests: SftpRequests, limits: RequestLimits, file: { readonly path: string; readonly handle: Buffer }) {
    this.#requests = requests;
    this.#limits = limits;
    this.#path = file.path;
    this.#handle = file.handle;
  }

  async read(length: number, position: number): Promise<Buffer> {
    // Not from the pool, whose pieces would be kept alive by it.
    const buffer = Buffer.allocUnsafeSlow(length);
    const pieces = slices(length, this.#limits.readBytes);
    const filled = await Promise.all(
      pieces.map(async ([start, end]) => this.#fill(buffer.subarray(start, end), position + start)),
    );
    // The file ends in the first piece that did not fill up.
    const last = pieces.findIndex(([start, end], index) => filled[index] !== end - start);
    return last < 0 ? buffer : buffer.subarray(0, (pieces[last]?.[0] ?? 0) + (filled[last] ?? 0));
  }

  /** Servers may answer with less than was asked for; only nothing at all is the end. Returns the bytes read. */
  async #fill(buffer: Buffer, position: number): Promise<number> {
    let filled = 0;
    while (filled < buffer.length) {
      const bytesRead = await this.#requests.ask<number>(this.#path, (sftp, done) => {
        sftp.read(this.#handle, buffer, filled, buffer.length - filled, position + filled, done);
      });
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }

  async write(data: Uint8Array, position: number): Promise<void> {
    const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    await Promise.all(
      slices(buffer.length, this.#limits.writeBytes).map(async ([start, end]) =>
        this.#requests.command(this.#path, (sftp, done) => {
          sftp.write(this.#handle, buffer, start, end - start, position + start, done);
        }),
      ),
    );
  }

  async stat(): Promise<RemoteAttributes> {
    return attributesOf(
      await this.#requests.ask<Stats>(this.#path, (sftp, done) => {
        sftp.fstat(this.#handle, done);
      }),
    );
  }

  async setAttributes(attributes: WritableAttributes): Promise<void> {
    await this.#requests.command(this.#path, (sftp, done) => {
      sftp.fsetstat(this.#handle, wireAttributes(attributes), done);
    });
  }

  async close(): Promise<void> {
    this.#closed ??= this.#requests.command(this.#path, (sftp, done) => {
      sftp.close(this.#handle, done);
    });
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Start and end of the pieces of at most `pieceLength` that `length` is made of. */
function slices(length: number, pieceLength: number): (readonly [start: number, end: number])[] {
  return Array.from({ length: Math.ceil(length / pieceLength) }, (_, index) => {
    const start = index * pieceLength;
    return [start, Math.min(start + pieceLength, length)] as const;
  });
}
