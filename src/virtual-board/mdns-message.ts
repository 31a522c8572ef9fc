export interface ResourceRecord {
  readonly name: string;
  readonly type: number;
  /** Of an A record. */
  readonly address?: string;
  /** Of a PTR record its name, of a TXT record its `key=value` pairs. */
  readonly data?: string | Readonly<Record<string, string>>;
  /** Of an SRV record. */
  readonly port?: number;
  readonly target?: string;
}

/** A message as mdns-js builds it. */
export interface Packet {
  readonly question: readonly { readonly name: string; readonly type: number; readonly class: number }[];
  readonly answer: readonly ResourceRecord[];
  readonly additional: readonly ResourceRecord[];
}

/** Numbers of RFC 1035, 2782 and 6762. */
export const RECORD = { A: 1, PTR: 12, TXT: 16, SRV: 33, ANY: 255 } as const;
export const CLASS_IN = 1;
/** Top bit of the class: of a question "answer to me alone", of a record "this is all there is". */
const TOP_BIT = 0x8000;
const HEADER_BYTES = 12;
const MAX_QUESTIONS = 32;
const MAX_NAME_BYTES = 255;
const MAX_POINTERS = 16;
const RESPONSE_FLAGS = 0x8400;

export interface AskedQuestion {
  /** Lower case, without a final dot. */
  readonly name: string;
  readonly type: number;
  readonly wantsUnicast: boolean;
}

export interface Query {
  readonly id: number;
  readonly questions: readonly AskedQuestion[];
}

/**
 * Reads the questions of a query; undefined for answers and for whatever is malformed. Everything in it is bounded, and
 * a compressed name can only point backwards, so that no packet can keep the board busy (mdns-js's own parser never ends
 * on a name that points to itself).
 */
export function readQuery(message: Buffer): Query | undefined {
  if (message.length < HEADER_BYTES || (message.readUInt16BE(2) & 0xf800) !== 0) return undefined;
  const count = message.readUInt16BE(4);
  if (count === 0 || count > MAX_QUESTIONS) return undefined;
  const questions: AskedQuestion[] = [];
  let at = HEADER_BYTES;
  for (let index = 0; index < count; index++) {
    const name = readName(message, at);
    if (name === undefined || name.end + 4 > message.length) return undefined;
    const questionClass = message.readUInt16BE(name.end + 2);
    const wantsUnicast = (questionClass & TOP_BIT) !== 0;
    questions.push({ name: name.text.toLowerCase(), type: message.readUInt16BE(name.end), wantsUnicast });
    at = name.end + 4;
  }
  return { id: message.readUInt16BE(0), questions };
}

function readName(message: Buffer, start: number): { readonly text: string; readonly end: number } | undefined {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  let bytes = 0;
  for (let pointers = 0; ;) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length === 0) return { text: labels.join('.'), end: end ?? at + 1 };
    if ((length & 0xc0) === 0xc0) {
      const target = ((length & 0x3f) << 8) | (message[at + 1] ?? 0);
      end ??= at + 2;
      if (target >= at || ++pointers > MAX_POINTERS) return undefined;
      at = target;
      continue;
    }
    bytes += length + 1;
    if (length > 63 || bytes > MAX_NAME_BYTES || at + 1 + length > message.length) return undefined;
    labels.push(message.toString('utf8', at + 1, at + 1 + length));
    at += 1 + length;
  }
}

export interface ResponseOptions {
  readonly ttlS: number;
  /** To a client that does not speak multicast DNS: repeats its id and question, without the cache-flush bit (6.7). */
  readonly legacy?: { readonly id: number; readonly question: AskedQuestion };
}

/** Writes a response with the records of a packet. Names are not compressed: a board's response stays far below 1500 bytes. */
export function writeResponse(packet: Packet, options: ResponseOptions): Buffer {
  const { legacy } = options;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(legacy?.id ?? 0, 0);
  header.writeUInt16BE(RESPONSE_FLAGS, 2);
  header.writeUInt16BE(legacy === undefined ? 0 : 1, 4);
  header.writeUInt16BE(packet.answer.length, 6);
  header.writeUInt16BE(packet.additional.length, 10);
  const question =
    legacy === undefined ? [] : [writeName(legacy.question.name), shorts(legacy.question.type, CLASS_IN)];
  const records = [...packet.answer, ...packet.additional].map(record => writeRecord(record, options));
  return Buffer.concat([header, ...question, ...records]);
}

function writeRecord(record: ResourceRecord, { ttlS, legacy }: ResponseOptions): Buffer {
  const data = recordData(record);
  // A PTR record is shared by all boards: it says nothing about the others.
  const isUnique = record.type !== RECORD.PTR && legacy === undefined;
  const ttl = Buffer.alloc(4);
  ttl.writeUInt32BE(ttlS);
  const recordClass = CLASS_IN | (isUnique ? TOP_BIT : 0);
  return Buffer.concat([writeName(record.name), shorts(record.type, recordClass), ttl, shorts(data.length), data]);
}

function recordData({ type, address, data, port, target }: ResourceRecord): Buffer {
  switch (type) {
    case RECORD.A:
      return Buffer.from((address ?? '0.0.0.0').split('.').map(Number));
    case RECORD.PTR:
      return writeName(typeof data === 'string' ? data : '');
    case RECORD.SRV:
      return Buffer.concat([shorts(0, 0, port ?? 0), writeName(target ?? '')]);
    case RECORD.TXT:
      return writeStrings(
        typeof data === 'object' ? Object.entries(data).map(([key, value]) => `${key}=${value}`) : [],
      );
    default:
      return Buffer.alloc(0);
  }
}

/** An empty TXT record holds one empty string (RFC 6763 section 6.1). */
function writeStrings(strings: readonly string[]): Buffer {
  const entries = strings.length > 0 ? strings : [''];
  return Buffer.concat(entries.flatMap(text => [Buffer.of(Buffer.byteLength(text)), Buffer.from(text)]));
}

function writeName(name: string): Buffer {
  const labels = name.split('.').filter(label => label !== '');
  return Buffer.concat([
    ...labels.flatMap(label => [Buffer.of(Buffer.byteLength(label)), Buffer.from(label)]),
    Buffer.of(0),
  ]);
}

function shorts(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) buffer.writeUInt16BE(value, index * 2);
  return buffer;
}
