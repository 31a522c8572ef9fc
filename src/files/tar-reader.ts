import { ProtocolError } from '../errors.js';
import type { ByteReader } from './byte-reader.js';
import { decodeName } from '../remote/names.js';
import { decodeTarHeader, TAR_BLOCK_BYTES, tarPadding, type RawTarHeader } from './tar.js';

/** A name or link target longer than any file system takes is an attack or an accident. */
const MAX_RECORD_BYTES = 64 * 1024;

/** An entry as it stands in an archive; `type` is the letter of the format, `0` for a file. */
export interface TarHeader extends RawTarHeader {
  readonly isFile: boolean;
  /** Of a file whose holes are left out, by the sparse format 1.0 of GNU tar: its size; its content begins with a map. */
  readonly sparseSizeBytes?: number;
}

/**
 * Reads an archive entry by entry: ustar, GNU long names, pax. Nothing is unpacked; what an entry may do is the
 * caller's decision.
 */
export class TarReader {
  readonly #bytes: ByteReader;
  #contentLeft = 0;
  #paddingLeft = 0;

  constructor(bytes: ByteReader) {
    this.#bytes = bytes;
  }

  /** The next entry, past what is unread of the one before; undefined at the end. @throws ProtocolError */
  async next(): Promise<TarHeader | undefined> {
    await this.#skipRest();
    const longer: LongFields = {};
    for (;;) {
      const block = await this.#bytes.exactly(TAR_BLOCK_BYTES);
      if (block.length === 0) return undefined;
      if (block.length < TAR_BLOCK_BYTES) throw cutOff();
      const header = decodeTarHeader(block);
      if (!header) return undefined;
      if ('LKxg'.includes(header.type)) {
        readRecord(longer, header.type, await this.#record(header.sizeBytes));
        continue;
      }
      return this.#entry({ ...header, ...longer });
    }
  }

  /** The next bytes of the current entry's content; undefined at its end. @throws ProtocolError */
  async read(): Promise<Buffer | undefined> {
    if (this.#contentLeft === 0) return undefined;
    const chunk = await this.#bytes.some(this.#contentLeft);
    if (!chunk) throw cutOff();
    this.#contentLeft -= chunk.length;
    return chunk;
  }

  #entry(header: RawTarHeader & LongFields): TarHeader {
    const isFile = header.type === '0' || header.type === '\0' || header.type === '7';
    // Only files have content; a size on a folder or link is not followed by any.
    this.#contentLeft = isFile ? header.sizeBytes : 0;
    this.#paddingLeft = tarPadding(this.#contentLeft);
    return { ...header, isFile };
  }

  async #record(length: number): Promise<Buffer> {
    if (length > MAX_RECORD_BYTES) throw new ProtocolError('A tar archive holds a name that is too long.');
    const content = await this.#bytes.exactly(length + tarPadding(length));
    if (content.length < length) throw cutOff();
    return content.subarray(0, length);
  }

  async #skipRest(): Promise<void> {
    while (await this.read());
    await this.#bytes.exactly(this.#paddingLeft);
    this.#paddingLeft = 0;
  }
}

interface LongFields {
  name?: string;
  linkTarget?: string;
  sizeBytes?: number;
  modifiedAtS?: number;
  sparseSizeBytes?: number;
}

function readRecord(into: LongFields, type: string, content: Buffer): void {
  const untilNul = content.includes(0) ? content.subarray(0, content.indexOf(0)) : content;
  if (type === 'L') into.name = decodeName(untilNul);
  if (type === 'K') into.linkTarget = decodeName(untilNul);
  if (type === 'x') readPax(into, content);
}

/** Records `LENGTH KEY=VALUE\n`; unknown keys are left alone. */
function readPax(into: LongFields, content: Buffer): void {
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(0x20, at);
    const length = space === -1 ? Number.NaN : Number(content.toString('latin1', at, space));
    if (!Number.isInteger(length) || length < 5 || at + length > content.length) {
      throw new ProtocolError('A tar archive holds a malformed pax record.');
    }
    const equals = content.indexOf(0x3d, space);
    const key = content.toString('latin1', space + 1, equals);
    const value = content.subarray(equals + 1, at + length - 1);
    if (key === 'path') into.name = decodeName(value);
    if (key === 'linkpath') into.linkTarget = decodeName(value);
    if (key === 'GNU.sparse.realsize') into.sparseSizeBytes = paxNumber(value, /^\d+$/, Number.isSafeInteger);
    if (key === 'size') into.sizeBytes = paxNumber(value, /^\d+$/, Number.isSafeInteger);
    if (key === 'mtime') into.modifiedAtS = paxNumber(value, /^-?\d+(\.\d*)?$/, Number.isFinite);
    at += length;
  }
}

/** A size that is no whole number would never be read to its end, so none but what the format allows is taken. */
function paxNumber(value: Buffer, form: RegExp, isPossible: (value: number) => boolean): number {
  const text = value.toString('latin1');
  if (form.test(text) && isPossible(Number(text))) return Number(text);
  throw new ProtocolError('A tar archive holds a pax record with a size or time that is no number.');
}

/** The archive ended before it should. */
export class CutOffError extends ProtocolError {}

function cutOff(): CutOffError {
  return new CutOffError('A tar archive ends in the middle.');
}
