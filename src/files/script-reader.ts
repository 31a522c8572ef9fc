import { FileError, TransportError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import type { SshSession } from '../ssh/session.js';
import { boardFailure } from './board-failure.js';
import type { BoardReader, ContentRange, HashedFile, RemoteEntry } from './board-reader.js';
import { runScript, scriptCommand, type BoardScript, type ScriptResult } from './board-script.js';
import { decodeName, encodeName } from './names.js';
import { below } from './pull-survey.js';
import { FIND_FORMAT, FIND_CLOSED, parseItems, splitFields } from './remote-items.js';
import type { StallWatch } from './stall.js';
import type { SymlinkChoice } from './transfer.js';

const MARK = 'mdt-list-1';
const MAX_LISTING_BYTES = 256 * 1024 * 1024;
const MAX_SAID = 4096;
const COMMAND_TIMEOUT_MS = 120_000;
/** A board hashes at least this much a second. */
const HASH_BYTES_PER_S = 10e6;

/** Lists what is at and below the paths on stdin; -H or -L says which symlinks are followed. */
const TREE = String.raw`
LC_ALL=C; export LC_ALL
case $(tail --version 2>&1)$(tar --version 2>&1)$(find --version 2>&1) in
*coreutils*'GNU tar'*findutils*) ;;
*) exit 77 ;;
esac
printf '%s\000' ${MARK}
format='${FIND_FORMAT}' closed='${FIND_CLOSED}'; export format closed
xargs -0r sh -c 'exec find "$@" -printf "$format" ! -readable -printf "$closed"' find "$1"
exit 0
`;
const NAMES = String.raw`
LC_ALL=C; export LC_ALL
xargs -0r sh -c 'exec find -H "$1/" -mindepth 1 -maxdepth 1 -printf "%f\000"' find
`;
const READ = 'exec tail -c "+$2" -- "$1"';
const HASH = 'head -c "$2" -- "$1" | sha256sum';
const HASHES = 'cd -- "$1" && exec xargs -0r sha256sum -z --';
const HASH_CHARACTERS = 64;

/** Reads by the programs of a board with GNU userland. */
export class ScriptReader implements BoardReader {
  readonly hasScripts = true;
  readonly loops: string[] = [];
  readonly #session: SshSession;
  readonly #symlinks: SymlinkChoice;
  readonly #signal: AbortSignal | undefined;

  constructor(session: SshSession, symlinks: SymlinkChoice, signal: AbortSignal | undefined) {
    this.#session = session;
    this.#symlinks = symlinks;
    this.#signal = signal;
  }

  async tree(paths: readonly string[]): Promise<Map<string, RemoteEntry[]>> {
    return (await this.treeIfAble(paths)) ?? new Map<string, RemoteEntry[]>();
  }

  /** As `tree`; undefined if the board cannot run the scripts. */
  async treeIfAble(paths: readonly string[]): Promise<Map<string, RemoteEntry[]> | undefined> {
    const script = { script: TREE, args: [this.#symlinks === 'follow' ? '-L' : '-H'] };
    const { stdout, said } = await this.#run(script, paths);
    const [mark, ...fields] = splitFields(stdout);
    if (mark?.toString() !== MARK) return undefined;
    const found = new Map<string, RemoteEntry[]>();
    for (const { path, root, item, isReadable } of parseItems(fields)) {
      const entries = found.get(root) ?? [];
      entries.push({ relative: below(root, path), item, isReadable });
      found.set(root, entries);
    }
    for (const [, path] of said.matchAll(/loop detected; '(.+?)'/g)) this.loops.push(path ?? '');
    return found;
  }

  async names(path: string): Promise<readonly string[] | undefined> {
    const { code, stdout } = await this.#run({ script: NAMES, args: [] }, [path]);
    return code === 0 ? splitFields(stdout).map(decodeName) : undefined;
  }

  /** One stream takes half the time of SFTP's many requests and answers. */
  async *read(path: string, { position, end, signal }: ContentRange): AsyncGenerator<Buffer> {
    const program = await this.#session.exec(scriptCommand(READ, [path, position + 1]), { signal });
    let said = '';
    program.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-MAX_SAID);
    });
    let left = end - position;
    try {
      program.stdin.end();
      for await (const chunk of program.stdout as AsyncIterable<Buffer>) {
        // What was written to the file since it was listed is not part of it.
        const wanted = chunk.subarray(0, left);
        left -= wanted.length;
        if (wanted.length > 0) yield wanted;
        if (left === 0) return;
      }
      const exit = await program.exit;
      if (exit.kind === 'lost') throw new TransportError('The connection to the board was lost.');
      if (exit.kind !== 'exit' || exit.code !== 0) throw unreadable(path, said);
    } finally {
      program.close();
    }
  }

  async hash(path: string, length: number, watch?: StallWatch): Promise<string> {
    const running = this.#run({ script: HASH, args: [path, length] }, [], length);
    const { stdout } = await (watch?.during(running) ?? running);
    return stdout.toString('latin1', 0, HASH_CHARACTERS);
  }

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

  async #run(script: BoardScript, names: readonly string[], hashedBytes = 0): Promise<ScriptResult> {
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
