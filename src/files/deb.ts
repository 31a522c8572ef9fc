import { open, type FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { FileError, MdtError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { ArError, readArMembers } from '../formats/ar.js';
import { parseParagraphs } from '../formats/control.js';
import { ByteReader } from './byte-reader.js';
import { TarReader } from './tar-reader.js';

const MAX_CONTROL_BYTES = 16 * 1024 * 1024;

/** The control fields of a Debian package that mdt uses; deb-control(5). */
export interface DebControl {
  readonly packageName: string;
  readonly version: string;
  /** `all` for packages that run anywhere. */
  readonly architecture: string;
  /** As written: alternatives and versions included. */
  readonly dependencies: readonly string[];
}

/** What the head of a package file says. */
export interface DebHead {
  readonly path: string;
  readonly sizeBytes: number;
  /**
   * `read`: here it is. `compressed`: with xz or zstd, which Node 20 cannot unpack; the bytes of the archive up to the
   * end of its control member are a package that `dpkg-deb --field` can read.
   */
  readonly control:
    | { readonly kind: 'read'; readonly control: DebControl }
    | { readonly kind: 'compressed'; readonly compression: string; readonly head: Buffer };
}

/** Reads the head of a package file. @throws FileError if it is not one, or cannot be read. */
export async function readDebHead(path: string): Promise<DebHead> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    return await readHead(file, path);
  } catch (error) {
    if (error instanceof MdtError && error.code !== 'PROTOCOL') throw error;
    throw new FileError(`${safeText(path)} could not be read as a Debian package.`, {
      cause: error,
      facts: { path },
      hint: 'Check that the path is right and the file is complete.',
    });
  } finally {
    await file?.close();
  }
}

/** The control fields of a package whose control member this host can unpack; undefined where only a board can. */
export async function readDebControl(path: string): Promise<DebControl | undefined> {
  const { control } = await readDebHead(path);
  return control.kind === 'read' ? control.control : undefined;
}

/** Parses the paragraph of a control file (deb-control(5)). @throws FileError if a needed field is missing. */
export function parseControl(text: string, path: string): DebControl {
  const fields = parseParagraphs(text)[0] ?? new Map<string, string>();
  const packageName = fields.get('package') ?? '';
  const version = fields.get('version') ?? '';
  const architecture = fields.get('architecture') ?? '';
  if (!isPackageName(packageName) || !/^[A-Za-z0-9.+:~-]+$/.test(version) || !/^[a-z0-9-]+$/.test(architecture)) {
    throw notDeb(path, 'its control file names no package, version or architecture');
  }
  const dependencies = [fields.get('pre-depends'), fields.get('depends')]
    .flatMap(list => (list ?? '').split(','))
    .map(dependency => dependency.replace(/\s+/g, ' ').trim())
    .filter(dependency => dependency !== '');
  return { packageName, version, architecture, dependencies };
}

/** Debian policy 5.6.1, with the architecture that multi-arch names may carry. */
export function isPackageName(name: string): boolean {
  return /^[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?$/.test(name);
}

async function readHead(file: FileHandle, path: string): Promise<DebHead> {
  const { size } = await file.stat();
  try {
    for await (const { name, position, sizeBytes } of readArMembers((at, length) => readAt(file, at, length))) {
      if (!name.startsWith('control.tar')) continue;
      const end = position + sizeBytes;
      if (sizeBytes > MAX_CONTROL_BYTES || end > size) throw notDeb(path, 'it is cut off');
      const member = await readAt(file, position, sizeBytes);
      return { path, sizeBytes: size, control: await readMember(name, member, { path, file, end }) };
    }
  } catch (error) {
    if (error instanceof ArError) throw notDeb(path, error.message);
    throw error;
  }
  throw notDeb(path, 'it has no control member');
}

interface MemberPlace {
  readonly path: string;
  readonly file: FileHandle;
  readonly end: number;
}

async function readMember(name: string, member: Buffer, place: MemberPlace): Promise<DebHead['control']> {
  const compression = name.slice('control.tar'.length).replace(/^\./, '');
  if (compression === 'xz' || compression === 'zst') {
    const padding = Buffer.alloc(place.end % 2, '\n');
    return {
      kind: 'compressed',
      compression,
      head: Buffer.concat([await readAt(place.file, 0, place.end), padding]),
    };
  }
  const tar = compression === 'gz' ? await promisify(gunzip)(member, { maxOutputLength: MAX_CONTROL_BYTES }) : member;
  const reader = new TarReader(new ByteReader(Readable.from([tar])));
  for (let entry = await reader.next(); entry; entry = await reader.next()) {
    if (entry.name.replace(/^\.\//, '') !== 'control') continue;
    const parts: Buffer[] = [];
    for (let part = await reader.read(); part; part = await reader.read()) parts.push(part);
    return { kind: 'read', control: parseControl(Buffer.concat(parts).toString('utf8'), place.path) };
  }
  throw notDeb(place.path, 'it has no control file');
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function notDeb(path: string, why: string): FileError {
  return new FileError(`${safeText(path)} is not a Debian package: ${why}.`, {
    facts: { path },
    hint: 'Give a .deb file, whole and undamaged.',
  });
}
