/**
 * Packets of SFTP version 3 (draft-ietf-secsh-filexfer-02): `uint32 length, byte type, uint32 request id, …`, where a
 * string is `uint32 length` and its bytes.
 */
import type { Stats } from 'node:fs';
import { uint32 } from '../../keys/ssh-wire.js';

/** As OpenSSH's sftp-server: more is a broken client. */
export const MAX_PACKET_BYTES = 256 * 1024;

export const REQUEST = {
  INIT: 1,
  OPEN: 3,
  CLOSE: 4,
  READ: 5,
  WRITE: 6,
  LSTAT: 7,
  FSTAT: 8,
  SETSTAT: 9,
  FSETSTAT: 10,
  OPENDIR: 11,
  READDIR: 12,
  REMOVE: 13,
  MKDIR: 14,
  RMDIR: 15,
  REALPATH: 16,
  STAT: 17,
  RENAME: 18,
  READLINK: 19,
  SYMLINK: 20,
  EXTENDED: 200,
} as const;

export const RESPONSE = {
  VERSION: 2,
  STATUS: 101,
  HANDLE: 102,
  DATA: 103,
  NAME: 104,
  ATTRS: 105,
  EXTENDED: 201,
} as const;

export const STATUS = {
  OK: 0,
  EOF: 1,
  NO_SUCH_FILE: 2,
  PERMISSION_DENIED: 3,
  FAILURE: 4,
  BAD_MESSAGE: 5,
  OP_UNSUPPORTED: 8,
} as const;

export const OPEN_FLAG = { READ: 1, WRITE: 2, APPEND: 4, CREATE: 8, TRUNCATE: 16, EXCLUSIVE: 32 } as const;

const ATTR = { SIZE: 1, UID_GID: 2, PERMISSIONS: 4, TIMES: 8, EXTENDED: 0x8000_0000 } as const;

/** Attributes that a client sent; those it did not send are absent. */
export interface WantedAttributes {
  readonly sizeBytes?: number;
  readonly mode?: number;
  readonly timesS?: { readonly accessed: number; readonly modified: number };
}

/** The packet ends before its fields do, or a name in it is not UTF-8. */
export class MalformedPacketError extends Error {}

export class PacketReader {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  uint32(): number {
    return this.#take(4).readUInt32BE(0);
  }

  /** A position in a file; larger ones than a JavaScript number holds exactly cannot be real. */
  uint64(): number {
    const value = this.#take(8).readBigUInt64BE(0);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new MalformedPacketError();
    return Number(value);
  }

  bytes(): Buffer {
    return this.#take(this.uint32());
  }

  text(): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.bytes());
    } catch {
      throw new MalformedPacketError();
    }
  }

  attributes(): WantedAttributes {
    const flags = this.uint32();
    const sizeBytes = (flags & ATTR.SIZE) !== 0 ? this.uint64() : undefined;
    if ((flags & ATTR.UID_GID) !== 0) this.#take(8);
    const mode = (flags & ATTR.PERMISSIONS) !== 0 ? this.uint32() & 0o7777 : undefined;
    const timesS = (flags & ATTR.TIMES) !== 0 ? { accessed: this.uint32(), modified: this.uint32() } : undefined;
    return {
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
      ...(mode === undefined ? {} : { mode }),
      ...(timesS === undefined ? {} : { timesS }),
    };
  }

  #take(length: number): Buffer {
    if (length > this.#data.length - this.#at) throw new MalformedPacketError();
    this.#at += length;
    return this.#data.subarray(this.#at - length, this.#at);
  }
}

export function uint64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt(value));
  return buffer;
}

export function packet(type: number, ...fields: readonly Uint8Array[]): Buffer {
  const length = fields.reduce((sum, field) => sum + field.length, 1);
  return Buffer.concat([uint32(length), Buffer.of(type), ...fields]);
}

export function attributes(stats: Stats, ids: { readonly uid: number; readonly gid: number }): Buffer {
  return Buffer.concat([
    uint32(ATTR.SIZE | ATTR.UID_GID | ATTR.PERMISSIONS | ATTR.TIMES),
    uint64(stats.size),
    uint32(ids.uid),
    uint32(ids.gid),
    uint32(stats.mode),
    uint32(seconds(stats.atimeMs)),
    uint32(seconds(stats.mtimeMs)),
  ]);
}

/** Version 3 has unsigned seconds of 32 bits. */
function seconds(timeMs: number): number {
  return Math.min(0xffff_ffff, Math.max(0, Math.floor(timeMs / 1000)));
}

/** Splits a stream of bytes into packets (type and what follows it). @throws MalformedPacketError */
export async function* packets(source: AsyncIterable<Buffer>): AsyncGenerator<{ type: number; body: PacketReader }> {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  for await (const chunk of source) {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes < 4) continue;
    let data = waiting.length === 1 ? chunk : Buffer.concat(waiting);
    while (data.length >= 4) {
      const length = data.readUInt32BE(0);
      if (length === 0 || length > MAX_PACKET_BYTES) throw new MalformedPacketError();
      if (data.length < 4 + length) break;
      yield { type: data.readUInt8(4), body: new PacketReader(data.subarray(5, 4 + length)) };
      data = data.subarray(4 + length);
    }
    waiting = data.length > 0 ? [data] : [];
    waitingBytes = data.length;
  }
}
