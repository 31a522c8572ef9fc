import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { sshString, uint32, WireReader } from './ssh-wire.js';

/*
 * OpenSSH's own private key file, PROTOCOL.key of OpenSSH:
 *   "openssh-key-v1" NUL
 *   string  cipher name     "none" here
 *   string  kdf name        "none" here
 *   string  kdf options     empty here
 *   uint32  number of keys  1
 *   string  public key
 *   string  private section: uint32 check, uint32 check again, string key type, fields of the type, string comment,
 *           padding 1 2 3 … up to a multiple of the cipher's block size, 8 for none
 */
const MAGIC = Buffer.from('openssh-key-v1\0');
const BEGIN = '-----BEGIN OPENSSH PRIVATE KEY-----';
const END = '-----END OPENSSH PRIVATE KEY-----';
const BLOCK_SIZE = 8;

export interface Ed25519Key {
  /** 32 bytes. */
  readonly publicKey: Buffer;
  /** The 32 secret bytes that everything else follows from, RFC 8032. */
  readonly seed: Buffer;
}

/** What the file says before its private part, which may be encrypted. */
export interface OpenSshKeyFile {
  readonly cipher: string;
  readonly publicBlob: Buffer;
  /** Undefined where a passphrase protects it. */
  readonly privateSection: Buffer | undefined;
}

export function ed25519Blob(publicKey: Uint8Array): Buffer {
  return Buffer.concat([sshString('ssh-ed25519'), sshString(publicKey)]);
}

/** Makes a key pair and gives the text of its private key file. */
export async function generateEd25519(comment: string): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('ed25519');
  const { x = '', d = '' } = privateKey.export({ format: 'jwk' });
  return encodeEd25519({ publicKey: Buffer.from(x, 'base64url'), seed: Buffer.from(d, 'base64url') }, comment);
}

/** The text of a private key file that OpenSSH, ssh2 and paramiko read. */
export function encodeEd25519(key: Ed25519Key, comment: string): string {
  const check = randomBytes(4);
  const fields = Buffer.concat([
    check,
    check,
    sshString('ssh-ed25519'),
    sshString(key.publicKey),
    sshString(Buffer.concat([key.seed, key.publicKey])),
    sshString(comment),
  ]);
  const padding = Buffer.from(
    Array.from({ length: (BLOCK_SIZE - (fields.length % BLOCK_SIZE)) % BLOCK_SIZE }, (_, index) => index + 1),
  );
  const none = sshString('none');
  const bytes = Buffer.concat([
    MAGIC,
    none,
    none,
    sshString(''),
    uint32(1),
    sshString(ed25519Blob(key.publicKey)),
    sshString(Buffer.concat([fields, padding])),
  ]);
  const lines = bytes.toString('base64').match(/.{1,70}/g) ?? [];
  return [BEGIN, ...lines, END, ''].join('\n');
}

export function isOpenSshKey(text: string): boolean {
  return text.includes(BEGIN);
}

/** Undefined if the text is no file of this kind with exactly one key. */
export function parseOpenSshKey(text: string): OpenSshKeyFile | undefined {
  const body = text.slice(text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END));
  const reader = new WireReader(Buffer.from(body, 'base64'));
  if (reader.take(MAGIC.length)?.equals(MAGIC) !== true) return undefined;
  const cipher = reader.string()?.toString('latin1');
  reader.string();
  reader.string();
  const count = reader.uint32();
  const publicBlob = reader.string();
  const section = reader.string();
  if (cipher === undefined || count !== 1 || !publicBlob || !section) return undefined;
  return { cipher, publicBlob, privateSection: cipher === 'none' ? section : undefined };
}

/** The secret fields of an unencrypted key of `type`, `count` of them; undefined if they are not there. */
export function readPrivateFields(section: Buffer, type: string, count: number): Buffer[] | undefined {
  const reader = new WireReader(section);
  if (reader.uint32() !== reader.uint32() || reader.string()?.toString('latin1') !== type) return undefined;
  const fields = Array.from({ length: count }, () => reader.string());
  return fields.every(field => field !== undefined) ? fields : undefined;
}
