import type { BoardFile } from '../storage/board-file.js';

/**
 * The `ar` archive that a .deb is: `!<arch>\n`, then for each member a header of 60 bytes (name 16, time 12, owner 6,
 * group 6, mode 8, size 10 as decimal text, and 0x60 0x0a) and its content, padded to an even length. man 5 ar
 */
const MAGIC = '!<arch>\n';
const HEADER_BYTES = 60;
const MAX_MEMBERS = 16;
const READ_BYTES = 64 * 1024;

export interface ArMember {
  readonly name: string;
  readonly position: number;
  readonly sizeBytes: number;
}

/** The members of an archive; undefined if it is none. */
export async function readArMembers(file: BoardFile): Promise<ArMember[] | undefined> {
  if ((await file.read(MAGIC.length, 0)).toString('latin1') !== MAGIC) return undefined;
  const members: ArMember[] = [];
  const { size } = await file.stat();
  for (let at = MAGIC.length; at + HEADER_BYTES <= size && members.length < MAX_MEMBERS;) {
    const header = (await file.read(HEADER_BYTES, at)).toString('latin1');
    const sizeBytes = Number(header.slice(48, 58).trim());
    const position = at + HEADER_BYTES;
    const isWhole = header.endsWith('`\n') && Number.isSafeInteger(sizeBytes) && position + sizeBytes <= size;
    if (!isWhole || sizeBytes < 0) return undefined;
    members.push({ name: header.slice(0, 16).trim().replace(/\/$/, ''), position, sizeBytes });
    at = position + sizeBytes + (sizeBytes % 2);
  }
  return members;
}

/** Content of a member. */
export async function* memberChunks(file: BoardFile, member: ArMember): AsyncGenerator<Buffer> {
  for (let done = 0; done < member.sizeBytes;) {
    const chunk = await file.read(Math.min(READ_BYTES, member.sizeBytes - done), member.position + done);
    if (chunk.length === 0) return;
    done += chunk.length;
    yield chunk;
  }
}
