import { createPublicKey, type KeyObject } from 'node:crypto';
import { FileError } from '../errors.js';
import { fingerprint } from './host-key.js';
import type { Identity } from './identity.js';
import { isOpenSshKey, parseOpenSshKey } from './openssh-key.js';
import { mpint, sshString } from './ssh-wire.js';

/**
 * Comment of every key that MDT puts on a board. The board's keymaster recognises the line by it: it demands
 * `^ssh-rsa .* mdt$` and offers itself only while no such line is there.
 */
export const KEY_COMMENT = 'mdt';

/** An identity around the text of a private key. The public line is worked out when it is first asked for. */
export function identityOf(privateKey: string): Identity {
  const algorithm = isOpenSshKey(privateKey) ? openSshAlgorithm(privateKey) : 'ssh-rsa';
  let line: string | undefined;
  return {
    algorithm,
    privateKey,
    get publicLine() {
      line ??= `${algorithm} ${publicBlob(privateKey).toString('base64')} ${KEY_COMMENT}`;
      return line;
    },
  };
}

/** Fingerprint of an authorized_keys line as ssh-keygen prints it: `SHA256:` and unpadded base64. */
export function keyFingerprint(publicLine: string): string {
  const blob = Buffer.from(publicLine.split(' ')[1] ?? '', 'base64');
  return fingerprint({ algorithm: '', blob });
}

/** Public part of a private key in SSH wire format. @throws FileError if the text is no usable key. */
export function publicBlob(privateKey: string): Buffer {
  if (isOpenSshKey(privateKey)) {
    const file = parseOpenSshKey(privateKey);
    if (file) return file.publicBlob;
    throw unusable();
  }
  try {
    return rsaBlob(createPublicKey(privateKey));
  } catch (error) {
    throw unusable(error);
  }
}

/** RFC 4253 section 6.6. */
export function rsaBlob(key: KeyObject): Buffer {
  const { n, e } = key.export({ format: 'jwk' });
  if (n === undefined || e === undefined) throw unusable();
  return Buffer.concat([sshString('ssh-rsa'), mpint(Buffer.from(e, 'base64url')), mpint(Buffer.from(n, 'base64url'))]);
}

function openSshAlgorithm(privateKey: string): Identity['algorithm'] {
  const blob = publicBlob(privateKey);
  if (blob.includes('ssh-ed25519')) return 'ssh-ed25519';
  if (blob.includes('ssh-rsa')) return 'ssh-rsa';
  throw unusable();
}

function unusable(cause?: unknown): FileError {
  return new FileError('The private key of this host is damaged or of a kind that boards do not take.', {
    cause,
    hint: 'Bring a good one with `mdt setkey FILE`, or make a new one with `mdt genkey`.',
  });
}
