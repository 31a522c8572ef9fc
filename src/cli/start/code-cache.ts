import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';
import { makeDirectories } from '../../host/make-directories.js';

/** What is older is made anew, so that nothing is kept for good of versions that are gone. */
const MAX_AGE_MS = 30 * 24 * 3_600_000;
const PARAMETERS = '(function (exports, require, module, __filename, __dirname) { ';
const CHECKSUM_BYTES = 4;

/** More than all commands of one version have. */
const MAX_FILES = 1000;
const READ_ONLY =
  constants.O_RDONLY | ((constants as Partial<typeof constants>).O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK || 0);

interface LoadedFile {
  exports: unknown;
}

interface Compiled {
  readonly script: Script;
  /** Of its source. */
  readonly checksum: number;
}

/**
 * Loads CommonJS files as `require` does, and keeps in `folder` what V8 compiled of them, so that the next start need
 * not compile it again: that is most of what a short command does. What is kept is code, so nothing is run that another
 * user could have written, and nothing is kept in a folder of somebody else. V8 refuses what another version of it made.
 * Trouble with the folder costs time and nothing else.
 *
 * Node 22 can do this by itself (`module.enableCompileCache`), Node 20 cannot.
 */
export class CodeCache {
  readonly #folder: string | undefined;
  readonly #files = new Map<string, LoadedFile>();
  /** Compiled in this process, by the name under which it is kept. */
  readonly #compiled = new Map<string, Compiled>();

  constructor(folder: string | undefined) {
    this.#folder = folder !== undefined && isTrusted(folder) ? folder : undefined;
  }

  /** Names of files change with their content, as those of the bundle do: what is kept is found by the name alone. */
  load(path: string): unknown {
    const loaded = this.#files.get(path);
    if (loaded) return loaded.exports;
    const file: LoadedFile = { exports: {} };
    this.#files.set(path, file);
    const run = this.#compile(path).runInThisContext() as (...values: unknown[]) => void;
    const folder = dirname(path);
    const fromNode = createRequire(path);
    const require = (id: string): unknown =>
      id.startsWith('./') ? this.load(join(folder, id)) : (fromNode(id) as unknown);
    run.call(file.exports, file.exports, require, file, path, folder);
    return file.exports;
  }

  /** Keeps what this process had to compile, with the functions that it went through. */
  save(): void {
    if (this.#folder === undefined || this.#compiled.size === 0) return;
    try {
      makeDirectories(this.#folder, 0o700);
      for (const [name, { script, checksum }] of this.#compiled) {
        writeAside(join(this.#folder, name), withChecksum(script.createCachedData(), checksum));
      }
      removeOld(this.#folder);
    } catch {
      // A full disk, a home that cannot be written: the next start compiles again.
    }
    this.#compiled.clear();
  }

  #compile(path: string): Script {
    const source = `${PARAMETERS}${readFileSync(path, 'utf8')}\n})`;
    const checksum = crc32(source);
    const name = `${basename(path)}.${process.version}-${process.arch}`;
    const cachedData = this.#read(name, checksum);
    const script = new Script(source, { filename: path, ...(cachedData ? { cachedData } : {}) });
    if (cachedData === undefined || script.cachedDataRejected === true) this.#compiled.set(name, { script, checksum });
    return script;
  }

  #read(name: string, checksum: number): Buffer | undefined {
    if (this.#folder === undefined) return undefined;
    try {
      return withoutChecksum(readTrusted(join(this.#folder, name)), checksum);
    } catch {
      return undefined;
    }
  }
}

/**
 * Whether nobody but this user, and root, can have put something there. Of a folder that is yet to be made the one that
 * it would be made in decides: root would otherwise leave its own in the home of another user.
 */
function isTrusted(folder: string): boolean {
  try {
    const stats = lstatSync(folder, { throwIfNoEntry: false });
    return stats ? stats.isDirectory() && isOwn(stats) && !isOpenToOthers(stats) : isBelowOwn(folder);
  } catch {
    return false;
  }
}

function isBelowOwn(path: string): boolean {
  const parent = dirname(path);
  const stats = statSync(parent, { throwIfNoEntry: false });
  return stats ? isOwn(stats) : parent !== path && isBelowOwn(parent);
}

function isOwn({ uid }: Stats): boolean {
  return process.getuid === undefined || uid === process.getuid();
}

function isOpenToOthers({ mode }: Stats): boolean {
  return process.getuid !== undefined && (mode & 0o022) !== 0;
}

/** The file itself is looked at too: whoever may rename a folder above can put another one in its place at any time. */
function readTrusted(path: string): Buffer | undefined {
  const fd = openSync(path, READ_ONLY);
  try {
    const stats = fstatSync(fd);
    return stats.isFile() && isOwn(stats) && !isOpenToOthers(stats) ? readFileSync(fd) : undefined;
  } finally {
    closeSync(fd);
  }
}

/** V8 takes damaged code, and code of another source of the same length, for sound, and may crash on it. */
function withChecksum(code: Buffer, sourceChecksum: number): Buffer {
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(crc32(code, sourceChecksum));
  return Buffer.concat([code, checksum]);
}

function withoutChecksum(content: Buffer | undefined, sourceChecksum: number): Buffer | undefined {
  const end = (content?.length ?? 0) - CHECKSUM_BYTES;
  if (!content || end <= 0) return undefined;
  const code = content.subarray(0, end);
  return crc32(code, sourceChecksum) === content.readUInt32LE(end) ? code : undefined;
}

/** Another process that starts now sees the old file or the new one. */
function writeAside(path: string, content: Buffer): void {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    writeFileSync(temporary, content, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** What is old goes, and of many files the oldest: each version of mdt has names of its own. */
function removeOld(folder: string): void {
  const files = readdirSync(folder).map(name => {
    const path = join(folder, name);
    return { path, modifiedAtMs: statSync(path).mtimeMs };
  });
  files.sort((a, b) => b.modifiedAtMs - a.modifiedAtMs);
  for (const [index, { path, modifiedAtMs }] of files.entries()) {
    if (index >= MAX_FILES || Date.now() - modifiedAtMs > MAX_AGE_MS) rmSync(path, { force: true });
  }
}
