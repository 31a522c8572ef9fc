import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const MIB = 1024 * 1024;
const BLOCK_BYTES = 8 * MIB;

/** A file that no compression makes smaller: one random block again and again, further apart than deflate looks. */
export async function writeRandomFile(path: string, sizeBytes: number): Promise<string> {
  return writeBlocks(path, sizeBytes, randomBytes(Math.min(BLOCK_BYTES, sizeBytes)));
}

/** A file as logs and sources are: words in a random order, about four times smaller when compressed. */
export async function writeTextFile(path: string, sizeBytes: number): Promise<string> {
  const words = Array.from({ length: 2000 }, (_word, index) =>
    createHash('md5')
      .update(String(index))
      .digest('hex')
      .slice(0, 3 + (index % 7)),
  );
  const choices = randomBytes(BLOCK_BYTES / 2);
  let text = '';
  for (let at = 0; text.length < BLOCK_BYTES; at += 2) {
    text += `${words[choices.readUInt16LE(at % (choices.length - 1)) % words.length] ?? ''} `;
  }
  return writeBlocks(path, sizeBytes, Buffer.from(text.slice(0, BLOCK_BYTES)));
}

/** A folder with `count` random files of `sizeBytes`, a hundred to a subfolder. */
export async function writeTree(path: string, count: number, sizeBytes = 4096): Promise<string> {
  const content = randomBytes(count * sizeBytes);
  for (let index = 0; index < count; index++) {
    const folder = join(path, `part-${String(Math.floor(index / 100))}`);
    if (index % 100 === 0) await mkdir(folder, { recursive: true });
    const file = content.subarray(index * sizeBytes, (index + 1) * sizeBytes);
    await writeFile(join(folder, `file-${String(index)}.bin`), file);
  }
  return path;
}

async function writeBlocks(path: string, sizeBytes: number, block: Buffer): Promise<string> {
  const file = await open(path, 'w');
  try {
    for (let written = 0; written < sizeBytes; written += block.length) {
      await file.writeFile(block.subarray(0, Math.min(block.length, sizeBytes - written)));
    }
  } finally {
    await file.close();
  }
  return path;
}
