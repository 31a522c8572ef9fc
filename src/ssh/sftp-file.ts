import type { Stats } from 'ssh2';
import { attributesOf, wireAttributes, type WritableAttributes } from './sftp-attributes.js';
import type { SftpRequests } from './sftp-requests.js';
import type { RemoteAttributes, RemoteFile } from './sftp.js';

/** An open file of the board. Reads and writes may overlap; each has its own position. */
export class SftpFile implements RemoteFile {
  readonly #requests: SftpRequests;
  readonly #path: string;
  readonly #handle: Buffer;
  #closed: Promise<void> | undefined;

  constructor(requests: SftpRequests, path: string, handle: Buffer) {
    this.#requests = requests;
    this.#path = path;
    this.#handle = handle;
  }

  async read(length: number, position: number): Promise<Buffer> {
    if (length === 0) return Buffer.alloc(0);
    const buffer = Buffer.allocUnsafeSlow(length);
    const bytesRead = await this.#requests.ask<number>(this.#path, (sftp, done) => {
      sftp.read(this.#handle, buffer, 0, length, position, done);
    });
    return buffer.subarray(0, bytesRead);
  }

  async write(data: Uint8Array, position: number): Promise<void> {
    const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    await this.#requests.command(this.#path, (sftp, done) => {
      sftp.write(this.#handle, buffer, 0, buffer.length, position, done);
    });
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
