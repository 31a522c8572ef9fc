import { FileError, TransportError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import type { SshSession } from '../ssh/session.js';
import { boardFailure } from './board-failure.js';
import { ByteReader } from './byte-reader.js';
import { runScript, type ScriptResult } from '../remote/run-script.js';
import type { RemoteScript } from '../remote/script.js';
import { startScript } from '../remote/start-script.js';
import { decodeName, encodeName } from '../remote/names.js';
import { below, FIND_FORMAT, FIND_CLOSED, parseItems, splitFields, type RemoteItem } from './remote-items.js';
import type { StallWatch } from '../time/stall.js';
import { cutPiece, pieceBytes, plainContent, sparseContent, type Piece } from './pieces.js';
import type { MissingFile, SymlinkChoice } from './transfer.js';

const MARK = 'mdt-list-1';
/** All that a pull runs on the board. */
const NEEDS = ['find', 'xargs', 'tar', 'tail', 'head', 'sha256sum'];
const MAX_LISTING_BYTES = 256 * 1024 * 1024;
const MAX_SAID = 4096;
const COMMAND_TIMEOUT_MS = 120_000;
/** A board hashes at least this much a second. */
const HASH_BYTES_PER_S = 10e6;

/** Lists what is at and below the paths on stdin; -H or -L says which symlinks are followed. */
const TREE = String.raw`
LC_ALL=C; export LC_ALL
printf '%s\000' ${MARK}
format='${FIND_FORMAT}' closed='${FIND_CLOSED}'; export format closed
xargs -0r sh -c 'exec find "$@" -printf "$format" ! -readable -printf "$closed"' find "$1"
exit 0
`;
const NAMES = String.raw`
LC_ALL=C; export LC_ALL
xargs -0r sh -c 'exec find -H "$1/" -mindepth 1 -maxdepth 1 -printf "%f\000"' find
`;
/** Begins with `plain`, and the content from a byte on, or with `holes`, and an archive that leaves the holes out. */
const READ = String.raw`
holes=
read -r blocks unit size <<END
$(stat -L -c '%b %B %s' -- "$1" 2>/dev/null)
END
case $2:$blocks:$unit:$size in
1::* | *[!0-9:]*) ;;
1:*) [ $((blocks * unit)) -ge "$size" ] || holes=yes ;;
esac
if [ -n "$holes" ]; then
  echo holes
  exec tar -chf - -b 512 -S --format=posix --sparse-version=1.0 --transform='s,.*,x,' -P -- "$1"
fi
echo plain
exec tail -c "+$2" -- "$1"
`;
const HEAD_BYTES = 'plain\n'.length;
const HASH = 'head -c "$2" -- "$1" | sha256sum';
const HASHES = 'cd -- "$1" && exec xargs -0r sha256sum -z --';
const HASH_CHARACTERS = 64;

/** Something at or below a path on the board. */
export interface RemoteEntry {
  /** Below the path; empty for the path itself. */
  readonly relative: string;
  readonly item: RemoteItem;
  readonly isReadable: boolean;
}

export interface ContentRange {
  readonly position: number;
  readonly end: number;
  readonly signal: AbortSignal;
}

export interface HashedFile {
  /** Relative to the folder. */
  readonly path: string;
  readonly sizeBytes: number;
}

/** Asks a board what it has, by its own programs. */
export class BoardReader {
  /** What `tree` could not look into, with the words of the system. */
  readonly troubles: MissingFile[] = [];
  /** Symlinks that lead in a circle, found by `tree`. */
  readonly loops: string[] = [];
  readonly #session: SshSession;
  readonly #symlinks: SymlinkChoice;
  readonly #signal: AbortSignal | undefined;

  constructor(session: SshSession, symlinks: SymlinkChoice, signal: AbortSignal | undefined) {
    this.#session = session;
    this.#symlinks = symlinks;
    this.#signal = signal;
  }

  /** Everything at and below the paths, folders before what they hold; paths that are not there are absent. */
  async tree(paths: readonly string[]): Promise<Map<string, RemoteEntry[]>> {
    const script = { script: TREE, args: [this.#symlinks === 'follow' ? '-L' : '-H'], needs: NEEDS };
    const { stdout, said } = await this.#run(script, paths);
    const [mark, ...fields] = splitFields(stdout);
    if (mark?.toString() !== MARK) throw boardFailure(said, { path: paths[0] ?? '/' });
    const found = new Map<string, RemoteEntry[]>();
    for (const { path, root, item, isReadable } of parseItems(fields)) {
      const entries = found.get(root) ?? [];
      entries.push({ relative: below(root, path), item, isReadable });
      found.set(root, entries);
    }
    for (const [, path] of said.matchAll(/loop detected; '(.+?)'/g)) this.loops.push(path ?? '');
    this.#keepTroubles(said);
    return found;
  }

  /** What vanished since its folder was read is no longer part of it, and a path that is not there is absent. */
  #keepTroubles(said: string): void {
    for (const [, path = '', reason = ''] of said.matchAll(/^find: '(.+)': (.+)$/gm)) {
      if (reason !== 'No such file or directory') this.troubles.push({ path, reason });
    }
  }

  /** Names in a folder, undefined if it is none. */
  async names(path: string): Promise<readonly string[] | undefined> {
    const { code, stdout } = await this.#run({ script: NAMES, args: [] }, [path]);
    return code === 0 ? splitFields(stdout).map(decodeName) : undefined;
  }

  /**
   * Content of a file from `position` to `end`; ends early where the file does. Holes are not sent, unless a file is read
   * from its middle on.
   */
  async *read(path: string, { position, end, signal }: ContentRange): AsyncGenerator<Piece> {
    const script = { script: READ, args: [path, position + 1] };
    const program = await startScript(this.#session, script, { signal, input: 'none' });
    let said = '';
    program.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-MAX_SAID);
    });
    let left = end - position;
    try {
      const bytes = new ByteReader(program.stdout);
      const hasHoles = (await bytes.exactly(HEAD_BYTES)).toString() === 'holes\n';
      for await (const piece of hasHoles ? sparseContent(bytes) : plainContent(bytes)) {
        // What was written to the file since it was listed is not part of it.
        const wanted = cutPiece(piece, left);
        left -= pieceBytes(wanted);
        if (pieceBytes(wanted) > 0) yield wanted;
        if (left === 0) return;
      }
      const exit = await program.exit;
      if (exit.kind === 'lost') throw new TransportError('The connection to the board was lost.');
      if (exit.kind !== 'exit' || exit.code !== 0) throw unreadable(path, said);
    } finally {
      program.close();
    }
  }

  /** SHA-256 of the first `length` bytes of a file, in hex; `watch` is the stall watch that it runs within. */
  async hash(path: string, length: number, watch?: StallWatch): Promise<string> {
    const running = this.#run({ script: HASH, args: [path, length] }, [], length);
    const { stdout } = await (watch?.during(running) ?? running);
    return stdout.toString('latin1', 0, HASH_CHARACTERS);
  }

  /** SHA-256 of whole files, in hex, by path relative to `folder`; what could not be read is absent. */
  async hashes(folder: string, files: readonly HashedFile[], watch?: StallWatch): Promise<Map<string, string>> {
    if (files.length === 0) return new Map();
    const names = files.map(file => `./${file.path}`);
    const bytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    const running = this.#run({ script: HASHES, args: [folder] }, names, bytes);
    const { code, stdout, said } = await (watch?.during(running) ?? running);
    if (code === 127 || code === 128) throw boardFailure(said, { path: folder });
    // Lines of `sha256sum -z`: the hash, two blanks, the name.
    return new Map(
      splitFields(stdout).map(line => [
        decodeName(line.subarray(HASH_CHARACTERS + '  ./'.length)),
        line.toString('latin1', 0, HASH_CHARACTERS),
      ]),
    );
  }

  async #run(script: RemoteScript, names: readonly string[], hashedBytes = 0): Promise<ScriptResult> {
    return runScript(this.#session, script, {
      input: Buffer.concat(names.flatMap(name => [encodeName(name), Buffer.alloc(1)])),
      signal: this.#signal,
      timeoutMs: COMMAND_TIMEOUT_MS + (hashedBytes / HASH_BYTES_PER_S) * 1000,
      maxOutputBytes: MAX_LISTING_BYTES,
      operation: hashedBytes > 0 ? 'comparing files on the board' : 'looking at what is on the board',
    });
  }
}

function unreadable(path: string, said: string): FileError {
  return new FileError(`${safeText(path)} could not be read on the board: ${safeText(said.trim())}.`, {
    facts: { path },
  });
}
