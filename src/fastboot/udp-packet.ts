/**
 * Fastboot over UDP, from AOSP's fastboot/README.md. Every packet: u8 id, u8 flags (bit 0: continued in the next),
 * u16 sequence number, big endian, data. The host sends, the target answers each packet with one of the same sequence
 * number and of the same id, or of id 0 with the text of an error.
 */
const KINDS = ['error', 'query', 'init', 'fastboot'] as const;
/** What the id says; it is the place in this list. */
export type UdpKind = (typeof KINDS)[number];

export const UDP_HEADER_BYTES = 4;
const CONTINUED = 1;

export interface UdpPacket {
  readonly kind: UdpKind;
  readonly continued: boolean;
  readonly sequence: number;
  readonly data: Uint8Array;
}

export function encodeUdpPacket(packet: UdpPacket): Buffer {
  const bytes = Buffer.allocUnsafe(UDP_HEADER_BYTES + packet.data.length);
  bytes.writeUInt8(KINDS.indexOf(packet.kind), 0);
  bytes.writeUInt8(packet.continued ? CONTINUED : 0, 1);
  bytes.writeUInt16BE(packet.sequence, 2);
  bytes.set(packet.data, UDP_HEADER_BYTES);
  return bytes;
}

/** Undefined if the bytes are no packet of the protocol. */
export function decodeUdpPacket(bytes: Buffer): UdpPacket | undefined {
  const kind = bytes.length < UDP_HEADER_BYTES ? undefined : KINDS[bytes.readUInt8(0)];
  if (kind === undefined) return undefined;
  return {
    kind,
    continued: (bytes.readUInt8(1) & CONTINUED) !== 0,
    sequence: bytes.readUInt16BE(2),
    data: bytes.subarray(UDP_HEADER_BYTES),
  };
}

/** Sequence numbers begin anew after 0xffff. */
export function nextSequence(sequence: number): number {
  return (sequence + 1) & 0xffff;
}
