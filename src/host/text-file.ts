import { readFile } from 'node:fs/promises';
import { FileError } from '../errors.js';
import { fileTrouble } from './file-trouble.js';

/** A file that was to be text and is not. */
export class NotTextError extends FileError {}

/**
 * Text of a file that people may have edited: UTF-8 or, with a byte order mark as editors of Windows write it, UTF-16.
 * Undefined if there is no such file.
 * @throws NotTextError that says what is wrong with the file, FileError, PermissionError if it belongs to another user
 */
export async function readTextFile(file: string): Promise<string | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw fileTrouble(`${file} cannot be read.`, file, error);
  }
  const encoding = markedEncoding(bytes);
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  const what =
    bytes.includes(0) && encoding === 'utf-8' ? 'it holds zero bytes' : `it is not ${encoding.toUpperCase()}`;
  throw new NotTextError(`${file} is not text that mdt can read: ${what}.`, {
    hint: 'Open it in an editor and save it as UTF-8.',
    facts: { file, encoding },
  });
}

/** By the byte order mark, which the decoder takes off. */
function markedEncoding(bytes: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}
