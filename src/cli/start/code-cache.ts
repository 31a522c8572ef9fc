import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/** What is older is made anew, so that nothing is kept for good of versions that are gone. */
const MAX_AGE_MS = 30 * 24 * 3_600_000;
const PARAMETERS = '(function (exports, require, module, __filename, __dirname) { ';
const CHECKSUM_BYTES = 4;

interface LoadedFile {
  exports: unknown;
}

/**
 * Loads CommonJS files as `require` does, and keeps in `folder` what V8 compiled of them, so that the next start need
 * not compile it again: that is most of what a short command does. What is kept is code, so a folder that others can
 * write to is not used. V8 refuses what another version of it made. Trouble with the folder costs time and nothing else.
 *
 * Node 22 can do this by itself (`module.enableCompileCache`), Node 20 cannot.
 */
export class CodeCache {
  readonly #folder: string | undefined;
  readonly #files = new Map<string, LoadedFile>();
  /** Compiled in this process, by the name under which it is kept. */
  readonly #compiled = new Map<string, Script>();

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
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      for (const [name, script] of this.#compiled) writeAside(join(this.#folder, name), script.createCachedData());
      removeOld(this.#folder);
    } catch {
      // A full disk, a home that cannot be written: the next start compiles again.
    }
    this.#compiled.clear();
  }

  #compile(path: string): Script {
    const source = `${PARAMETERS}${readFileSync(path, 'utf8')}\n})`;
    const name = `${basename(path)}.${process.version}-${process.arch}`;
    const cachedData = this.#read(name);
    const script = new Script(source, { filename: path, ...(cachedData ? { cachedData } : {}) });
    if (cachedData === undefined || script.cachedDataRejected === true) this.#compiled.set(name, script);
    return script;
  }

  #read(name: string): Buffer | undefined {
    if (this.#folder === undefined) return undefined;
    try {
      return withoutChecksum(readFileSync(join(this.#folder, name)));
    } catch {
      return undefined;
    }
  }
}

/** Whether nobody but this user, and root, can have put something there; a folder that is yet to be made is fine. */
function isTrusted(folder: string): boolean {
  try {
    const { uid, mode } = lstatSync(folder);
    return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** V8 takes damaged code for sound and crashes on it, so a checksum stands behind it. */
function withoutChecksum(content: Buffer): Buffer | undefined {
  const end = content.length - CHECKSUM_BYTES;
  if (end < 0) return undefined;
  const code = content.subarray(0, end);
  return crc32(code) === content.readUInt32LE(end) ? code : undefined;
}

/** Another process that starts now sees the old file or the new one. */
function writeAside(path: string, code: Buffer): void {
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(crc32(code));
  const temporary = `${path}.${String(process.pid)}.tmp`;
  writeFileSync(temporary, Buffer.concat([code, checksum]), { mode: 0o600 });
  renameSync(temporary, path);
}

function removeOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (Date.now() - statSync(path).mtimeMs > MAX_AGE_MS) rmSync(path, { force: true });
  }
}
