/*
 * The `ar` archive that a .deb is (ar(5), deb(5)): `!<arch>\n`, then for each member a header of 60 bytes (name 16, time
 * 12, owner 6, group 6, mode 8, size 10 as decimal text, and 0x60 0x0a) and its content, padded to an even length.
 */
const MAGIC = '!<arch>\n';
const HEADER_BYTES = 60;
/** A .deb has three. */
const MAX_MEMBERS = 16;

/** Reads at most `length` bytes at a position; fewer only at the end. */
export type ReadAt = (position: number, length: number) => Promise<Buffer>;

export interface ArMember {
  readonly name: string;
  /** Where its content begins, in bytes from the start of the archive. */
  readonly position: number;
  /** As its header states it: the archive may end before. */
  readonly sizeBytes: number;
}

/** The archive is none, or damaged; the message says how, after the name of the file. */
export class ArError extends Error {}

/** Reads the members of an archive, one header at a time. @throws ArError */
export async function* readArMembers(readAt: ReadAt): AsyncGenerator<ArMember> {
  if ((await readAt(0, MAGIC.length)).toString('latin1') !== MAGIC) throw new ArError('it is not an ar archive');
  let at = MAGIC.length;
  for (let count = 0; count < MAX_MEMBERS; count++) {
    const header = (await readAt(at, HEADER_BYTES)).toString('latin1');
    if (header === '') return;
    const sizeText = header.slice(48, 58).trim();
    if (!header.endsWith('`\n') || header.length < HEADER_BYTES || !/^\d+$/.test(sizeText)) {
      throw new ArError('its ar header is damaged');
    }
    const member = {
      name: header.slice(0, 16).trim().replace(/\/$/, ''),
      position: at + HEADER_BYTES,
      sizeBytes: Number(sizeText),
    };
    yield member;
    at = member.position + member.sizeBytes + (member.sizeBytes % 2);
  }
}
