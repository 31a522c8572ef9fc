import { generateKeyPair, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ConfigPaths } from '../config/paths.js';
import { fileTrouble } from '../host/file-trouble.js';
import { writePrivateFile } from '../host/private-file.js';
import { NotTextError, readTextFile } from '../host/text-file.js';
import { FileError, UsageError, type MdtError } from '../errors.js';
import type { Identity } from './identity.js';
import { checkOwnerOnly } from './key-permissions.js';
import { generateEd25519 } from './openssh-key.js';
import { identityOf, KEY_COMMENT } from './public-line.js';

const RSA_BITS = 4096;
const MIN_RSA_BITS = 2048;

/** What kind of key pair is made. */
export interface GenerateOptions {
  /** Boards of every release take RSA from their keymaster; Ed25519 has to be brought there another way. */
  readonly algorithm: 'rsa' | 'ed25519';
  /** Replace the key that is there, which is kept beside the new one. Default: refuse. */
  readonly overwrite?: boolean | undefined;
  /** Of an RSA key; default 4096. */
  readonly bits?: number | undefined;
}

/** An identity that has just been stored, and where the one before it is kept now. */
export interface StoredIdentity extends Identity {
  readonly previousKeyFile?: string;
}

/** There is a key already, which boards may trust. */
export class KeyExistsError extends UsageError {
  constructor(keyFile: string) {
    super(`This host has a key already: ${keyFile}.`, {
      hint: 'Boards that trust it would not know a new one. `mdt genkey --force` makes one and keeps the old file.',
      facts: { keyFile },
    });
  }
}

/**
 * The key pair of this host; undefined if it has none yet.
 * @throws PermissionError if others may read it, FileError if it cannot be read or is no key.
 */
export async function loadIdentity(paths: ConfigPaths): Promise<Identity | undefined> {
  const [text] = await Promise.all([readTextFile(paths.keyFile), checkOwnerOnly(paths.keysDir, paths.keyFile)]);
  if (text === undefined) return undefined;
  if (!/-----BEGIN (RSA|OPENSSH) PRIVATE KEY-----/.test(text) || text.includes('ENCRYPTED')) {
    throw new FileError(`${paths.keyFile} is not a private key that mdt can use.`, {
      hint: 'Bring a good one with `mdt setkey FILE`, or make a new one with `mdt genkey --force`; the file is kept.',
    });
  }
  return identityOf(text);
}

/** The key pair of this host, made if there is none; processes that do this at once end up with the same one. */
export async function ensureIdentity(paths: ConfigPaths): Promise<Identity> {
  const found = await loadIdentity(paths);
  if (found) return found;
  try {
    return await generateIdentity(paths, { algorithm: 'rsa' });
  } catch (error) {
    const winner = error instanceof KeyExistsError ? await loadIdentity(paths) : undefined;
    if (winner) return winner;
    throw error;
  }
}

/** Makes and stores a new key pair. @throws KeyExistsError unless `overwrite`. */
export async function generateIdentity(paths: ConfigPaths, options: GenerateOptions): Promise<StoredIdentity> {
  const overwrite = options.overwrite === true;
  if (!overwrite && (await readTextFile(paths.keyFile)) !== undefined) throw new KeyExistsError(paths.keyFile);
  const privateKey =
    options.algorithm === 'rsa' ? await generateRsa(options.bits ?? RSA_BITS) : await generateEd25519(KEY_COMMENT);
  return storeIdentity(paths, privateKey, overwrite);
}

/**
 * Takes over an existing private key file (`mdt setkey`): RSA as PEM, PKCS#8 or in OpenSSH's format, or Ed25519. A key
 * that was there is kept beside it.
 * @throws UsageError if the file is no private key that mdt can use, PermissionError if others may read it.
 */
export async function importIdentity(paths: ConfigPaths, file: string): Promise<StoredIdentity> {
  await checkOwnerOnly(file);
  const text = await readTextFile(file).catch((error: unknown) => {
    // A photograph is no key, in whatever encoding.
    if (error instanceof NotTextError) return '';
    throw error;
  });
  if (text === undefined) {
    throw new FileError(`There is no file ${file}.`, {
      hint: 'Give the path of a private key, such as ~/.ssh/id_rsa.',
    });
  }
  // Only this command needs to understand foreign formats.
  const { toStoredFormat } = await import('./key-import.js');
  return storeIdentity(paths, await toStoredFormat(text, file), true);
}

async function storeIdentity(paths: ConfigPaths, privateKey: string, overwrite: boolean): Promise<StoredIdentity> {
  const identity = identityOf(privateKey);
  const previous = await readTextFile(paths.keyFile);
  if (previous === privateKey) return identity;
  if (previous === undefined || !overwrite) {
    await createKeyFile(paths.keyFile, privateKey);
    return identity;
  }
  const previousKeyFile = await keepAside(paths.keyFile);
  await writePrivateFile(paths.keyFile, privateKey).catch((error: unknown) => {
    throw unwritable(paths.keyFile, error);
  });
  return { ...identity, publicLine: identity.publicLine, previousKeyFile };
}

/** Stores the key only if there is none, even where several processes try at the same moment. */
async function createKeyFile(keyFile: string, privateKey: string): Promise<void> {
  const candidate = `${keyFile}.new-${randomBytes(6).toString('hex')}`;
  try {
    await writePrivateFile(candidate, privateKey);
    // Unlike rename, both of these fail where the name is taken; the second is for file systems without hard links.
    await link(candidate, keyFile).catch(async (error: unknown) => {
      if (isCode(error, 'EEXIST')) throw error;
      await copyFile(candidate, keyFile, constants.COPYFILE_EXCL);
    });
  } catch (error) {
    if (isCode(error, 'EEXIST')) throw new KeyExistsError(keyFile);
    throw unwritable(keyFile, error);
  } finally {
    await rm(candidate, { force: true });
  }
}

/** Copies the key to a name of its own; it is never overwritten, so that no board is locked out. */
async function keepAside(keyFile: string): Promise<string> {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  for (let attempt = 1; ; attempt++) {
    const copy = `${keyFile}.bak-${stamp}${attempt === 1 ? '' : `-${String(attempt)}`}`;
    try {
      await copyFile(keyFile, copy, constants.COPYFILE_EXCL);
      return copy;
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw unwritable(copy, error);
    }
  }
}

async function generateRsa(bits: number): Promise<string> {
  if (!Number.isInteger(bits) || bits < MIN_RSA_BITS || bits > 16_384) {
    throw new UsageError(`An RSA key of ${String(bits)} bits cannot be made.`, { hint: 'Use 2048 to 16384 bits.' });
  }
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  return privateKey;
}

function unwritable(file: string, cause: unknown): MdtError {
  return fileTrouble(`The key file ${file} cannot be written.`, file, cause);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
