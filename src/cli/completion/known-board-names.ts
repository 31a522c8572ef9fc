import { readFile } from 'node:fs/promises';

/**
 * Names out of known_boards.json, without the room that owns the file: completion has to be fast, and a file that is
 * missing or unreadable simply has no names.
 */
export async function knownBoardNames(file: string): Promise<string[]> {
  try {
    const text = await readFile(file, 'utf8');
    return [...text.matchAll(/"name":\s*"([A-Za-z0-9][A-Za-z0-9_.-]*)"/g)].map(match => match[1] ?? '');
  } catch {
    return [];
  }
}
