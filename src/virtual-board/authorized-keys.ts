import { MDT_KEY_LINE } from './release.js';
import { AUTHORIZED_KEYS, HOME } from './root-tree.js';
import { errnoOf } from './storage/errno.js';
import type { BoardFileSystem } from './storage/file-system.js';

/** Lines of the board's authorized_keys, comments and empty ones left out. */
export async function readAuthorizedKeys(files: BoardFileSystem): Promise<string[]> {
  const text = await readText(files);
  return text
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'));
}

/** Adds `text` to the end of the file exactly as it is. */
export async function appendAuthorizedKeys(files: BoardFileSystem, text: Uint8Array): Promise<void> {
  await files.makeDirectories(`${HOME}/.ssh`, 0o700);
  await using file = await files.open(AUTHORIZED_KEYS, { append: true, create: true, mode: 0o600 });
  await file.write(text);
}

export async function writeAuthorizedKeys(files: BoardFileSystem, lines: readonly string[]): Promise<void> {
  await files.makeDirectories(`${HOME}/.ssh`, 0o700);
  await files.writeFile(AUTHORIZED_KEYS, lines.map(line => `${line}\n`).join(''), 0o600);
}

export async function hasMdtKey(files: BoardFileSystem): Promise<boolean> {
  return (await readText(files)).split(/\r?\n/).some(line => MDT_KEY_LINE.test(line));
}

/** Whether a line (with or without options before the key) holds this key. */
export function holdsKey(line: string, algorithm: string, base64: string): boolean {
  const words = line.split(/[ \t]+/);
  const at = words.indexOf(base64);
  return at > 0 && words[at - 1] === algorithm;
}

async function readText(files: BoardFileSystem): Promise<string> {
  try {
    return (await files.readFile(AUTHORIZED_KEYS)).toString();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}
