import { createHash, timingSafeEqual } from 'node:crypto';

/** Public host key of an SSH server. */
export interface HostKey {
  /** Such as `ssh-ed25519`. */
  readonly algorithm: string;
  /** The key in SSH wire format, RFC 4253 section 6.6. */
  readonly blob: Buffer;
}

/** Fingerprint as ssh-keygen prints it: `SHA256:` and unpadded base64. */
export function fingerprint(key: HostKey): string {
  return `SHA256:${createHash('sha256').update(key.blob).digest('base64').replace(/=+$/, '')}`;
}

export function sameHostKey(a: HostKey, b: HostKey): boolean {
  return a.blob.length === b.blob.length && timingSafeEqual(a.blob, b.blob);
}

/** Reads the algorithm out of a key blob, whose first field is its name. Undefined if the blob is malformed. */
export function parseHostKey(blob: Buffer): HostKey | undefined {
  if (blob.length < 4) return undefined;
  const length = blob.readUInt32BE(0);
  if (length === 0 || length > 64 || blob.length < 4 + length) return undefined;
  const algorithm = blob.toString('latin1', 4, 4 + length);
  return /^[a-z0-9@.-]+$/i.test(algorithm) ? { algorithm, blob } : undefined;
}
