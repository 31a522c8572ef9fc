import { ProtocolError } from '../errors.js';

/**
 * One packet of the board: a tag of four letters, then text, at most 256 bytes together.
 * INFO and TEXT are followed by more; OKAY and FAIL end the exchange; DATA starts the data phase.
 */
export type Response =
  | { readonly kind: 'info' | 'text' | 'okay' | 'fail'; readonly text: string }
  | { readonly kind: 'data'; readonly sizeBytes: number };

/** Twice the largest answer of any version: bootloaders are not careful, and USB hosts have to ask for 512 at least. */
export const MAX_RESPONSE_BYTES = 512;

const KINDS = { INFO: 'info', TEXT: 'text', OKAY: 'okay', FAIL: 'fail', DATA: 'data' } as const;

/**
 * Reads an answer liberally: text may be missing or end in NULs and line ends, the size may have any width and a 0x.
 * `command` is what was asked, for the error.
 * @throws ProtocolError if the packet has none of the five tags, or DATA has no size
 */
export function parseResponse(packet: Buffer, command: string): Response {
  const tag = packet.toString('latin1', 0, 4);
  const kind = isTag(tag) ? KINDS[tag] : undefined;
  if (kind === undefined) throw unreadable('The board sent an answer that is not fastboot.', packet, command);
  const text = packet.toString('utf8', 4);
  if (kind === 'text') return { kind, text: text.replace(/\0+$/, '') };
  const trimmed = text.replace(/[\0\s]+$/, '');
  return kind === 'data'
    ? { kind, sizeBytes: dataSize(trimmed, packet, command) }
    : { kind, text: trimmed.trimStart() };
}

function dataSize(text: string, packet: Buffer, command: string): number {
  const match = /^\s*(?:0x)?([0-9a-f]+)$/i.exec(text);
  const size = Number.parseInt(match?.[1] ?? '', 16);
  if (!Number.isSafeInteger(size))
    throw unreadable('The board announced data of a size that is no number.', packet, command);
  return size;
}

function isTag(tag: string): tag is keyof typeof KINDS {
  return Object.hasOwn(KINDS, tag);
}

function unreadable(message: string, packet: Buffer, command: string): ProtocolError {
  return new ProtocolError(message, {
    hint: 'Check that the board is in fastboot and that nothing else is talking to it.',
    facts: { command, bytes: Buffer.from(packet.subarray(0, MAX_RESPONSE_BYTES)) },
  });
}
