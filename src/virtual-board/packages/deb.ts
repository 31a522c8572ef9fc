import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import tarStream from 'tar-stream';
import type { BoardFile } from '../storage/board-file.js';
import { through } from '../through.js';
import { ArError, readArMembers, type ArMember } from '../../formats/ar.js';
import { parseParagraphs, type Paragraph } from '../../formats/control.js';

const MAX_CONTROL_BYTES = 1024 * 1024;
const READ_BYTES = 64 * 1024;

/** A package file that cannot be used; the message is what dpkg-deb says after the name of the file. */
export class DebError extends Error {}

export interface Deb {
  /** Fields of its control file. */
  readonly control: Paragraph;
  /** The tar archive of its files. */
  data(): AsyncIterable<Buffer>;
}

/** Opens a Debian package. @throws DebError if it is none, or compressed in a way that Node cannot undo */
export async function openDeb(file: BoardFile): Promise<Deb> {
  const members = await membersOf(file);
  if (members[0]?.name !== 'debian-binary') throw new DebError('not a Debian format archive');
  const control = findMember(members, 'control.tar');
  const data = findMember(members, 'data.tar');
  const text = await controlText(plainTar(file, control));
  const [paragraph] = parseParagraphs(text);
  if (paragraph?.has('package') !== true || !paragraph.has('version')) {
    throw new DebError("control file has no 'Package' or 'Version' field");
  }
  return { control: paragraph, data: () => plainTar(file, data) };
}

/** All members; none if this is no archive, or if one of them is cut off. */
async function membersOf(file: BoardFile): Promise<ArMember[]> {
  const members: ArMember[] = [];
  const { size } = await file.stat();
  try {
    for await (const member of readArMembers((position, length) => file.read(length, position))) {
      if (member.position + member.sizeBytes > size) return [];
      members.push(member);
    }
    return members;
  } catch (error) {
    if (error instanceof ArError) return [];
    throw error;
  }
}

async function* memberChunks(file: BoardFile, member: ArMember): AsyncGenerator<Buffer> {
  for (let done = 0; done < member.sizeBytes;) {
    const chunk = await file.read(Math.min(READ_BYTES, member.sizeBytes - done), member.position + done);
    if (chunk.length === 0) return;
    done += chunk.length;
    yield chunk;
  }
}

function findMember(members: readonly ArMember[], prefix: string): ArMember {
  const member = members.find(({ name }) => name === prefix || name.startsWith(`${prefix}.`));
  if (member === undefined) throw new DebError(`archive has no ${prefix} member`);
  if (!/\.tar(?:\.gz)?$/.test(member.name)) {
    throw new DebError(`${member.name}: a virtual board reads gzip only; build with dpkg-deb -Zgzip`);
  }
  return member;
}

function plainTar(file: BoardFile, member: ArMember): AsyncIterable<Buffer> {
  const chunks = memberChunks(file, member);
  return member.name.endsWith('.gz') ? through(chunks, createGunzip()) : chunks;
}

async function controlText(archive: AsyncIterable<Buffer>): Promise<string> {
  const extract = tarStream.extract();
  const source = Readable.from(archive);
  source.on('error', error => {
    extract.destroy(error);
  });
  source.pipe(extract).on('error', () => undefined);
  try {
    for await (const entry of extract) {
      if (/^(?:\.\/)?control$/.test(entry.header.name)) return await entryText(entry as AsyncIterable<Buffer>);
      entry.resume();
    }
  } catch {
    throw new DebError('control archive is corrupt');
  } finally {
    source.destroy();
  }
  throw new DebError('control archive has no control file');
}

async function entryText(entry: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of entry) {
    bytes += chunk.length;
    if (bytes > MAX_CONTROL_BYTES) throw new DebError('control file is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
