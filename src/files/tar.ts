import { ProtocolError } from '../errors.js';
import { decodeName, encodeName } from '../remote/names.js';

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
  const records = recordsBefore(entry);
  const blocks = Buffer.alloc(records.length + TAR_BLOCK_BYTES);
  records.copy(blocks);
  writeBlock(blocks, records.length, fieldsOf(entry));
  return blocks;
}

/**
 * The same at `at` of a buffer that has room for it; returns where it ends. There are headers by the thousand, and making
 * a buffer for one takes longer than all the rest.
 */
export function writeTarHeader(into: Buffer, at: number, entry: TarEntry): number {
  const records = recordsBefore(entry);
  if (records.length > 0) records.copy(into, at);
  writeBlock(into, at + records.length, fieldsOf(entry));
  return at + records.length + TAR_BLOCK_BYTES;
}

const NONE = Buffer.alloc(0);

/** Records with what does not fit into the header of the entry. */
function recordsBefore({ kind, name, linkTarget, modifiedAtS }: TarEntry): Buffer {
  const isWholeTime = Number.isInteger(modifiedAtS) && modifiedAtS >= 0;
  // No character takes more than three bytes.
  if (isWholeTime && Math.max(name.length + 1, linkTarget.length) * 3 <= MAX_NAME_BYTES) return NONE;
  const records: Buffer[] = [];
  if (!isWholeTime) records.push(...record('x', timeRecord(modifiedAtS)));
  for (const [type, text] of [
    ['K', linkTarget],
    ['L', fullName(kind, name)],
  ] as const) {
    const bytes = encodeName(text);
    if (bytes.length > MAX_NAME_BYTES) records.push(...record(type, Buffer.concat([bytes, Buffer.alloc(1)])));
  }
  return Buffer.concat(records);
}

interface HeaderFields {
  readonly type: string;
  readonly name: string;
  readonly link: string;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly modifiedAtS: number;
}

function fieldsOf({ kind, name, linkTarget, sizeBytes, mode, modifiedAtS }: TarEntry): HeaderFields {
  return {
    type: TYPES[kind],
    name: fullName(kind, name),
    link: linkTarget,
    sizeBytes,
    mode,
    modifiedAtS: Math.max(0, Math.floor(modifiedAtS)),
  };
}

function fullName(kind: TarEntry['kind'], name: string): string {
  return kind === 'directory' ? `${name}/` : name;
}

const MAGIC = 'ustar\u000000';
const MAGIC_SUM = Buffer.from(MAGIC).reduce((sum, byte) => sum + byte, 0);

function writeBlock(into: Buffer, at: number, fields: HeaderFields): void {
  into.fill(0, at, at + TAR_BLOCK_BYTES);
  const isLarge = fields.sizeBytes > MAX_OCTAL_SIZE;
  const nameEnd = writeName(into, at, fields.name);
  const numbers = `${octal(fields.mode & 0o7777, 7)}\u00000000000\u00000000000\0${octal(isLarge ? 0 : fields.sizeBytes, 11)}\0`;
  // All that lies between name and link target, at once.
  into.write(`${numbers}${octal(fields.modifiedAtS, 11)}\0        ${fields.type}`, at + 100, 'latin1');
  if (isLarge) base256(into, at + 124, fields.sizeBytes);
  const linkEnd = fields.link === '' ? at + 157 : writeName(into, at + 157, fields.link);
  into.write(MAGIC, at + 257, 'latin1');
  // Of what was written: the rest is zero. The field of the sum itself counts as spaces, which it is.
  const sum = sumOf(into, at, nameEnd) + sumOf(into, at + 100, linkEnd) + MAGIC_SUM;
  into.write(`${octal(sum, 6)}\0 `, at + CHECKSUM_AT, 'latin1');
}

/** As much of a name as its field takes; returns where it ends. */
function writeName(into: Buffer, at: number, name: string): number {
  if (/^[ -~]*$/.test(name)) return at + into.write(name, at, MAX_NAME_BYTES, 'latin1');
  return at + encodeName(name).copy(into, at, 0, MAX_NAME_BYTES);
}

function record(type: string, content: Buffer): Buffer[] {
  const block = Buffer.alloc(TAR_BLOCK_BYTES);
  const fields = { type, name: '././@LongLink', link: '', mode: 0o644, modifiedAtS: 0, sizeBytes: content.length };
  writeBlock(block, 0, fields);
  return [block, content, Buffer.alloc(tarPadding(content.length))];
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
  const end = CHECKSUM_AT + CHECKSUM_LENGTH;
  return sumOf(block, 0, CHECKSUM_AT) + CHECKSUM_LENGTH * 0x20 + sumOf(block, end, TAR_BLOCK_BYTES);
}

function sumOf(bytes: Buffer, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at++) sum += bytes[at] ?? 0;
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
    sizeBytes: size(block),
    mode: number(block, 100, 8) & 0o7777,
    modifiedAtS: number(block, 136, 12),
  };
}

function text(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return decodeName(end === -1 ? field : field.subarray(0, end));
}

function size(block: Buffer): number {
  const value = number(block, 124, 12);
  if (value >= 0) return value;
  throw new ProtocolError('A tar header holds a number that is out of range.');
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
  // Two's complement, as GNU tar writes times before 1970: the bit after the mark is the sign.
  let value = (first & 0x40) === 0 ? first & 0x3f : (first & 0x3f) - 0x40;
  for (let index = at + 1; index < at + length; index++) value = value * 256 + (block[index] ?? 0);
  if (!Number.isSafeInteger(value)) {
    throw new ProtocolError('A tar header holds a number that is out of range.');
  }
  return value;
}
