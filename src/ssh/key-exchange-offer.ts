import type { Algorithms } from 'ssh2';
import type { Mismatch } from './connect-errors.js';

/*
 * The first packet of a server (RFC 4253 sections 6 and 7.1), which is not encrypted:
 *   uint32 packet length, byte padding length, byte 20 (SSH_MSG_KEXINIT), byte[16] cookie, then name-lists, each a
 *   uint32 length and names with commas between them, in the order of LISTS.
 */
const SSH_MSG_KEXINIT = 20;
const LISTS_START = 4 + 1 + 1 + 16;
/** RFC 4253 section 6.1: what every implementation has to take. */
const MAX_PACKET_BYTES = 35_000;

const LISTS = ['kex', 'hostKey', 'cipherToServer', 'cipherToClient', 'macToServer', 'macToClient'] as const;
export type ServerOffer = Readonly<Record<(typeof LISTS)[number], readonly string[]>>;

/** Collects the first packet of a server; no more of what it sends is kept. */
export class OfferReader {
  #bytes = Buffer.alloc(0);

  /** Returns whether there is enough. */
  add(chunk: Buffer): boolean {
    if (!this.#isWhole()) this.#bytes = Buffer.concat([this.#bytes, chunk]).subarray(0, MAX_PACKET_BYTES);
    return this.#isWhole();
  }

  /** What the server offers; undefined if its first packet has not come or is something else. */
  get offer(): ServerOffer | undefined {
    return this.#isWhole() ? readOffer(this.#bytes) : undefined;
  }

  #isWhole(): boolean {
    if (this.#bytes.length >= MAX_PACKET_BYTES) return true;
    return this.#bytes.length >= 4 && this.#bytes.length >= 4 + this.#bytes.readUInt32BE(0);
  }
}

function readOffer(bytes: Buffer): ServerOffer | undefined {
  if (bytes[5] !== SSH_MSG_KEXINIT) return undefined;
  let position = LISTS_START;
  const lists: Record<string, readonly string[]> = {};
  for (const name of LISTS) {
    if (position + 4 > bytes.length) return undefined;
    const end = position + 4 + bytes.readUInt32BE(position);
    if (end > bytes.length) return undefined;
    const names = bytes.toString('latin1', position + 4, end);
    lists[name] = names === '' ? [] : names.split(',');
    position = end;
  }
  return lists as ServerOffer;
}

/** Ciphers that authenticate what they encrypt, and need no MAC. */
const HAS_NO_MAC = /gcm|poly1305/;

/** The first kind of algorithm that the two have not in common, in the order in which they are chosen. */
export function findMismatch(server: ServerOffer, client: Algorithms): Mismatch | undefined {
  const own = (list: unknown): readonly string[] => (Array.isArray(list) ? (list as string[]) : []);
  const share = (theirs: readonly string[], ours: readonly string[]): boolean =>
    ours.some(name => theirs.includes(name));
  const mismatch = (what: string, setting: string, theirs: readonly string[], ours: unknown): Mismatch[] =>
    share(theirs, own(ours)) ? [] : [{ what, setting, server: theirs, client: own(ours) }];
  const needsMac = !own(client.cipher).some(
    name => HAS_NO_MAC.test(name) && server.cipherToServer.includes(name) && server.cipherToClient.includes(name),
  );
  return [
    ...mismatch('key exchange', 'KexAlgorithms', server.kex, client.kex),
    ...mismatch('host key algorithm', 'HostKeyAlgorithms', server.hostKey, client.serverHostKey),
    ...mismatch('cipher', 'Ciphers', server.cipherToServer, client.cipher),
    ...mismatch('cipher', 'Ciphers', server.cipherToClient, client.cipher),
    ...(needsMac ? mismatch('MAC', 'MACs', server.macToServer, client.hmac) : []),
    ...(needsMac ? mismatch('MAC', 'MACs', server.macToClient, client.hmac) : []),
  ][0];
}
