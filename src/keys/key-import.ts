import { createPrivateKey, type KeyObject } from 'node:crypto';
import { UsageError } from '../errors.js';
import { encodeEd25519, isOpenSshKey, parseOpenSshKey, readPrivateFields } from './openssh-key.js';
import { KEY_COMMENT } from './public-line.js';

const MAX_KEY_FILE_BYTES = 64 * 1024;
const MIN_RSA_BITS = 2048;

/**
 * Turns the text of a private key file into what mdt keeps: RSA as `BEGIN RSA PRIVATE KEY`, which Python MDT reads too,
 * and Ed25519 in OpenSSH's format. `file` is for messages only.
 * @throws UsageError that says what the file is instead.
 */
export async function toStoredFormat(text: string, file: string): Promise<string> {
  refuseOtherFiles(text, file);
  try {
    if (isOpenSshKey(text)) return await fromOpenSsh(text, file);
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === 'ed25519') return ed25519Text(key);
    if (key.asymmetricKeyType === 'rsa') return await rsaText(key, file);
    throw wrongType(file, key.asymmetricKeyType ?? 'unknown');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`The private key in ${file} is damaged.`, {
      cause: error,
      hint: 'Check it with `ssh-keygen -y -f FILE`.',
    });
  }
}

function refuseOtherFiles(text: string, file: string): void {
  if (text.length > MAX_KEY_FILE_BYTES) throw notAKey(file);
  if (text.startsWith('PuTTY-User-Key-File')) {
    throw new UsageError(`${file} is in PuTTY's format.`, {
      hint: 'Convert it first: puttygen KEY.ppk -O private-openssh -o KEY',
    });
  }
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(text)) throw encrypted(file);
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return;
  if (/^(ssh-|ecdsa-|sk-)|BEGIN [A-Z0-9 ]*PUBLIC KEY/m.test(text)) {
    throw new UsageError(`${file} is a public key.`, {
      hint: 'Give the private key that belongs to it: usually the same name without .pub.',
    });
  }
  throw notAKey(file);
}

async function fromOpenSsh(text: string, file: string): Promise<string> {
  const parsed = parseOpenSshKey(text);
  if (!parsed) throw new Error('not one key in the format openssh-key-v1');
  if (!parsed.privateSection) throw encrypted(file);
  const type = parsed.publicBlob.toString('latin1', 4, 4 + parsed.publicBlob.readUInt32BE());
  if (type === 'ssh-ed25519') return openSshEd25519(parsed.privateSection);
  if (type === 'ssh-rsa') return rsaText(openSshRsa(parsed.privateSection), file);
  throw wrongType(file, type);
}

function openSshEd25519(section: Buffer): string {
  const [publicKey, secret] = readPrivateFields(section, 'ssh-ed25519', 2) ?? [];
  if (publicKey?.length !== 32 || secret?.length !== 64) throw new Error('its fields are cut short');
  // Importing it checks that the two halves belong together.
  const jwk = {
    kty: 'OKP',
    crv: 'Ed25519',
    x: publicKey.toString('base64url'),
    d: secret.toString('base64url', 0, 32),
  };
  return ed25519Text(createPrivateKey({ key: jwk, format: 'jwk' }));
}

function ed25519Text(key: KeyObject): string {
  const { x = '', d = '' } = key.export({ format: 'jwk' });
  return encodeEd25519({ publicKey: Buffer.from(x, 'base64url'), seed: Buffer.from(d, 'base64url') }, KEY_COMMENT);
}

function openSshRsa(section: Buffer): KeyObject {
  const fields = readPrivateFields(section, 'ssh-rsa', 6);
  if (!fields) throw new Error('its fields are cut short');
  // Order of OpenSSH's sshkey_private_serialize: n, e, d, q^-1 mod p, p, q.
  const [n = 0n, e = 0n, d = 0n, qi = 0n, p = 0n, q = 0n] = fields.map(field => BigInt(`0x0${field.toString('hex')}`));
  if (p < 2n || q < 2n) throw new Error('its primes are missing');
  const parts = { n, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi };
  const jwk = Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, base64Url(value)]));
  return createPrivateKey({ key: { kty: 'RSA', ...jwk }, format: 'jwk' });
}

function base64Url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
}

async function rsaText(key: KeyObject, file: string): Promise<string> {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < MIN_RSA_BITS) {
    throw new UsageError(`The RSA key in ${file} has only ${String(bits)} bits.`, {
      hint: 'Use one of 2048 bits or more; `mdt genkey` makes one of 4096.',
    });
  }
  const { checkedRsaPem } = await import('./key-format.js');
  return checkedRsaPem(key.export({ type: 'pkcs1', format: 'pem' }).toString());
}

function encrypted(file: string): UsageError {
  return new UsageError(
    `The private key in ${file} is protected by a passphrase, which mdt could not ask for in a script.`,
    {
      hint: 'Make a copy without one: cp FILE COPY && ssh-keygen -p -N "" -f COPY, then `mdt setkey COPY`.',
    },
  );
}

function wrongType(file: string, type: string): UsageError {
  return new UsageError(`The key in ${file} is of type ${type}.`, {
    hint: 'Boards are paired with RSA or Ed25519 keys.',
  });
}

function notAKey(file: string): UsageError {
  return new UsageError(`${file} is not a private key.`, {
    hint: 'Give the path of a private key, such as ~/.ssh/id_rsa.',
  });
}
