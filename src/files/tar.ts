import { ProtocolError } from '../errors.js';
import { decodeName, encodeName } from './names.js';

// Layout of a header block, POSIX.1-1988 (ustar), offset and length of each field:
//   0 name 100 | 100 mode 8 | 108 uid 8 | 116 gid 8 | 124 size 12 | 136 mtime 12 | 148 checksum 8 | 156 type 1
//   157 linkname 100 | 257 magic 6 | 263 version 2 | 265 uname 32 | 297 gname 32 | 329 devmajor 8 | 337 devminor 8
//   345 prefix 155. Numbers are octal text, or base 256 if the first bit is set (GNU).
// Long names are GNU records of type L (name) and K (link target); sub-second times are pax records of type x.
export const TAR_BLOCK_BYTES = 512;

const MAX_NAME_BYTES = 100;
const CHECKSUM_AT = 148;
const CHECKSUM_LENGTH = 8;
const MAX_OCTAL_SIZE = 0o77777777777;
const TYPES = { file: '0', symlink: '2', directory: '5' } as const;

export interface TarEntry {
  readonly kind: 'file' | 'directory' | 'symlink';
  /** Relative, parts separated by `/`. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly mode: number;
  /** Seconds since 1970; written to the microsecond if it has a fraction. */
  readonly modifiedAtS: number;
  /** Where a symlink points to; empty for the others. */
  readonly linkTarget: string;
}

/** Two empty blocks. */
export const TAR_END = Buffer.alloc(2 * TAR_BLOCK_BYTES);

/** Bytes that fill the content of an entry up to whole blocks. */
export function tarPadding(sizeBytes: number): number {
  return (TAR_BLOCK_BYTES - (sizeBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
}

/** All header blocks of an entry; content and padding follow. */
export function encodeTarHeader(entry: TarEntry): Buffer {
  const name = encodeName(entry.kind === 'directory' ? `${entry.name}/` : entry.name);
  const link = encodeName(entry.linkTarget);
  const blocks: Buffer[] = [];
  const mtime = Math.floor(entry.modifiedAtS);
  if (mtime !== entry.modifiedAtS || mtime < 0) blocks.push(...record('x', timeRecord(entry.modifiedAtS)));
  if (link.length > MAX_NAME_BYTES) blocks.push(...record('K', Buffer.concat([link, Buffer.alloc(1)])));
  if (name.length > MAX_NAME_BYTES) blocks.push(...record('L', Buffer.concat([name, Buffer.alloc(1)])));
  const { sizeBytes, mode } = entry;
  const block = header(TYPES[entry.kind], { name, link, sizeBytes, mode, modifiedAtS: Math.max(0, mtime) });
  return blocks.length === 0 ? block : Buffer.concat([...blocks, block]);
}

interface HeaderFields {
  readonly name: Buffer;
  readonly link: Buffer;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly modifiedAtS: number;
}

function header(type: string, fields: HeaderFields): Buffer {
  const block = Buffer.alloc(TAR_BLOCK_BYTES);
  const isLarge = fields.sizeBytes > MAX_OCTAL_SIZE;
  fields.name.copy(block, 0, 0, MAX_NAME_BYTES);
  const size = octal(isLarge ? 0 : fields.sizeBytes, 11);
  const numbers = [octal(fields.mode & 0o7777, 7), octal(0, 7), octal(0, 7), size, octal(fields.modifiedAtS, 11)];
  // All that lies between name and link target, at once: there are headers by the thousand.
  block.write(`${numbers.join('\0')}\0        ${type}`, 100, 'latin1');
  if (isLarge) base256(block, 124, fields.sizeBytes);
  fields.link.copy(block, 157, 0, MAX_NAME_BYTES);
  block.write('ustar\u000000', 257, 'latin1');
  block.write(`${octal(checksum(block), 6)}\0 `, CHECKSUM_AT, 'latin1');
  return block;
}

function record(type: string, content: Buffer): Buffer[] {
  const fields = { name: Buffer.from('././@LongLink'), link: Buffer.alloc(0), mode: 0o644, modifiedAtS: 0 };
  return [header(type, { ...fields, sizeBytes: content.length }), content, Buffer.alloc(tarPadding(content.length))];
}

/** A pax record is `LENGTH KEY=VALUE\n`, where LENGTH counts itself. */
function timeRecord(modifiedAtS: number): Buffer {
  const body = ` mtime=${modifiedAtS.toFixed(6)}\n`;
  const length = body.length + 2;
  return Buffer.from(`${String(length)}${body}`);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function base256(block: Buffer, at: number, value: number): void {
  block.fill(0, at, at + 12);
  block.writeUInt8(0x80, at);
  block.writeUInt32BE(Math.floor(value / 2 ** 32), at + 4);
  block.writeUInt32BE(value % 2 ** 32, at + 8);
}

/** Sum of all bytes of the block, with the checksum field itself taken as spaces. */
function checksum(block: Buffer): number {
  let sum = CHECKSUM_LENGTH * 0x20;
  for (let at = 0; at < TAR_BLOCK_BYTES; at++) sum += block[at] ?? 0;
  for (let at = CHECKSUM_AT; at < CHECKSUM_AT + CHECKSUM_LENGTH; at++) sum -= block[at] ?? 0;
  return sum;
}

/** What a header block says on its own, before long names and pax records are applied. */
export interface RawTarHeader {
  readonly type: string;
  readonly name: string;
  readonly linkTarget: string;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly modifiedAtS: number;
}

/** Reads one header block; undefined for the empty block that ends an archive. @throws ProtocolError */
export function decodeTarHeader(block: Buffer): RawTarHeader | undefined {
  if (block.every(byte => byte === 0)) return undefined;
  if (number(block, CHECKSUM_AT, CHECKSUM_LENGTH) !== checksum(block)) {
    throw new ProtocolError('A tar header has a wrong checksum.', { facts: { bytes: block.toString('hex', 0, 64) } });
  }
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(block, 345, 155) : '';
  const name = text(block, 0, MAX_NAME_BYTES);
  return {
    type: block.toString('latin1', 156, 157),
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkTarget: text(block, 157, MAX_NAME_BYTES),
    sizeBytes: number(block, 124, 12),
    mode: number(block, 100, 8) & 0o7777,
    modifiedAtS: number(block, 136, 12),
  };
}

function text(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return decodeName(end === -1 ? field : field.subarray(0, end));
}

function number(block: Buffer, at: number, length: number): number {
  const first = block[at] ?? 0;
  if ((first & 0x80) === 0) {
    const digits = block
      .toString('latin1', at, at + length)
      .trimStart()
      .replace(/[\0 ].*$/s, '');
    return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : 0;
  }
  let value = first & 0x7f;
  for (let index = at + 1; index < at + length; index++) value = value * 256 + (block[index] ?? 0);
  if (first >= 0xc0 || !Number.isSafeInteger(value)) {
    throw new ProtocolError('A tar header holds a number that is out of range.');
  }
  return value;
}
