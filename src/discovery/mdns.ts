/**
 * The only door to dns-packet: questions out, records in. Everything that arrives here may be forged, so a packet is
 * walked first: sizes, counts and compression pointers are bounded before dns-packet sees a record, and a record that
 * does not fill its announced length exactly is dropped. (dns-packet alone allocates 2 MB for twelve bytes that
 * announce 65535 records four times, and reads on at a wrong place after a record whose length lies.)
 */
import dnsPacket, { type Answer } from 'dns-packet';
import { isIPv6 } from 'node:net';
import { canonicalIpv6 } from './interfaces.js';

declare module 'dns-packet' {
  /** Exported by the package, missing in its types. */
  export const answer: { decode: ((packet: Buffer, offset: number) => Answer) & { bytes: number } };
}

/** The service of every Mendel board (its avahi service file `googlemdt.service`). */
export const SERVICE = '_googlemdt._tcp.local';

export interface MdnsQuestion {
  readonly name: string;
  readonly type: 'PTR' | 'SRV' | 'TXT' | 'A' | 'AAAA';
}

interface RecordHead {
  readonly name: string;
  /** 0 says goodbye. */
  readonly ttlSeconds: number;
  /** Replaces what was known under this name and type (RFC 6762 section 10.2). */
  readonly flush: boolean;
}

export type MdnsRecord =
  | (RecordHead & { readonly type: 'PTR'; readonly target: string })
  | (RecordHead & { readonly type: 'SRV'; readonly target: string; readonly port: number })
  | (RecordHead & { readonly type: 'TXT'; readonly entries: readonly string[] })
  | (RecordHead & { readonly type: 'A'; readonly address: string })
  | (RecordHead & { readonly type: 'AAAA'; readonly address: string });

/** RFC 6762 section 17: no multicast DNS packet is larger, headers included. */
const MAX_PACKET_BYTES = 9000;
const MAX_RECORDS = 512;
const MAX_NAME_BYTES = 255;
const MAX_POINTERS_PER_NAME = 16;
const HEADER_BYTES = 12;
const QUESTION_TAIL_BYTES = 4;
const RECORD_TAIL_BYTES = 10;
const CLASS_IN = 1;
const ASK_UNICAST = 0x8000;
const TYPES = new Set([1, 12, 16, 28, 33]);

/**
 * One query packet. `unicast` asks for answers straight back to the sender (the QU bit, RFC 6762 section 5.4).
 * Undefined if no name can be asked for: a name that was received need not be one that can be sent.
 */
export function encodeQuestions(questions: readonly MdnsQuestion[], unicast: boolean): Buffer | undefined {
  const sendable = questions
    .filter(({ name }) => isSendable(name))
    .map(({ name, type }) => ({ name, type, class: 'IN' as const }));
  if (sendable.length === 0) return undefined;
  const packet = dnsPacket.encode({ type: 'query', questions: sendable });
  if (!unicast) return packet;
  let offset = HEADER_BYTES;
  while (offset < packet.length) {
    offset = skipName(packet, offset) + QUESTION_TAIL_BYTES;
    packet.writeUInt16BE(ASK_UNICAST | CLASS_IN, offset - 2);
  }
  return packet;
}

function isSendable(name: string): boolean {
  const labels = name.split('.').map(label => Buffer.byteLength(label));
  return Buffer.byteLength(name) + 2 <= MAX_NAME_BYTES && labels.every(length => length >= 1 && length <= 63);
}

/** The records of a response that concern us, in order; none if the packet is a query or makes no sense. Never throws. */
export function decodeResponse(packet: Buffer): MdnsRecord[] {
  if (packet.length < HEADER_BYTES || packet.length > MAX_PACKET_BYTES) return [];
  const isResponse = (packet.readUInt16BE(2) & 0xf800) === 0x8000;
  const questionCount = packet.readUInt16BE(4);
  const recordCount = packet.readUInt16BE(6) + packet.readUInt16BE(8) + packet.readUInt16BE(10);
  if (!isResponse) return [];
  const records: MdnsRecord[] = [];
  try {
    let offset = HEADER_BYTES;
    for (let index = 0; index < questionCount; index++) offset = skipName(packet, offset) + QUESTION_TAIL_BYTES;
    for (let index = 0; index < Math.min(recordCount, MAX_RECORDS); index++) {
      const end = endOfRecord(packet, offset);
      const record = decodeRecord(packet, offset, end);
      if (record) records.push(record);
      offset = end;
    }
  } catch {
    // The packet is cut short or forged from here on; what came before was complete.
  }
  return records;
}

/** Offset behind the name at `offset`. @throws RangeError if the name is not well formed. */
function skipName(packet: Buffer, offset: number): number {
  for (let length = 0; length <= MAX_NAME_BYTES;) {
    const label = packet.readUInt8(offset);
    if (label >= 0xc0) return offset + 2;
    if (label > 63) throw new RangeError('label');
    offset += label + 1;
    length += label + 1;
    if (label === 0) return offset;
  }
  throw new RangeError('name');
}

/**
 * Layout of a record (RFC 1035 section 3.2.1): name, type (2), class (2), ttl (4), length of the data (2), data.
 * @throws RangeError if it does not fit into the packet.
 */
function endOfRecord(packet: Buffer, offset: number): number {
  const tail = skipName(packet, offset);
  const end = tail + RECORD_TAIL_BYTES + packet.readUInt16BE(tail + 8);
  if (end > packet.length) throw new RangeError('record');
  return end;
}

function decodeRecord(packet: Buffer, offset: number, end: number): MdnsRecord | undefined {
  const tail = skipName(packet, offset);
  const type = packet.readUInt16BE(tail);
  const isInternet = (packet.readUInt16BE(tail + 2) & ~ASK_UNICAST) === CLASS_IN;
  if (!TYPES.has(type) || !isInternet || !pointersAreBounded(packet, offset)) return undefined;
  const data = tail + RECORD_TAIL_BYTES;
  // Names inside the data: all of PTR, and behind priority, weight and port of SRV.
  if (type === 12 && !pointersAreBounded(packet, data)) return undefined;
  if (type === 33 && !pointersAreBounded(packet, data + 6)) return undefined;
  try {
    const answer = dnsPacket.answer.decode(packet, offset);
    return dnsPacket.answer.decode.bytes === end - offset ? toRecord(answer) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the name at `offset` ends after few jumps, each of them backwards: a name that points at itself never does. */
function pointersAreBounded(packet: Buffer, offset: number): boolean {
  let before = offset;
  for (let jumps = 0; jumps <= MAX_POINTERS_PER_NAME; jumps++) {
    let label = packet[offset];
    while (label !== undefined && label > 0 && label <= 63) {
      offset += label + 1;
      label = packet[offset];
    }
    if (label === 0) return true;
    const low = packet[offset + 1];
    if (label === undefined || label < 0xc0 || low === undefined) return false;
    offset = ((label & 0x3f) << 8) | low;
    if (offset >= before || offset < HEADER_BYTES) return false;
    before = offset;
  }
  return false;
}

function toRecord(answer: Answer): MdnsRecord | undefined {
  if (!('ttl' in answer)) return undefined;
  const head = { name: answer.name, ttlSeconds: answer.ttl ?? 0, flush: answer.flush === true };
  if (answer.type === 'PTR') return { ...head, type: 'PTR', target: answer.data };
  if (answer.type === 'SRV') return { ...head, type: 'SRV', target: answer.data.target, port: answer.data.port };
  if (answer.type === 'TXT')
    return { ...head, type: 'TXT', entries: [answer.data].flat().map(entry => entry.toString()) };
  if (answer.type === 'A') return { ...head, type: 'A', address: answer.data };
  if (answer.type === 'AAAA' && isIPv6(answer.data))
    return { ...head, type: 'AAAA', address: canonicalIpv6(answer.data) };
  return undefined;
}
