import { mapBounded } from '../time/concurrency.js';
import type { SshSession } from '../ssh/session.js';
import type { SftpChannel } from '../ssh/sftp.js';
import { hashBySftp } from './sftp-content.js';
import { boardFailure } from './board-failure.js';
import { scriptCommand } from './board-script.js';
import type { LocalEntry } from './local-tree.js';
import { hashPrefix } from './local-read.js';
import { decodeName, encodeName } from './names.js';
import { contentBytes } from './push-plan.js';
import { joinPath } from './push-target.js';
import { splitFields } from './remote-items.js';

const SCRIPT = 'cd -- "$1" && exec xargs -0r sha256sum -z --';
const HASH_GRACE_MS = 60_000;
/** A board hashes at least this much a second. */
const HASH_BYTES_PER_S = 10e6;
const HASH_CHARACTERS = 64;

export interface HashedFile {
  /** Relative to the folder. */
  readonly path: string;
  readonly sizeBytes: number;
}

/** SHA-256 of files on the board, in hex, by path; what could not be read is absent. */
export async function remoteHashes(
  session: SshSession,
  request: {
    readonly folder: string;
    readonly files: readonly HashedFile[];
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Map<string, string>> {
  const { folder, files, signal } = request;
  if (files.length === 0) return new Map();
  const { exit, stdout, stderr } = await session.run(scriptCommand(SCRIPT, [folder]), {
    input: Buffer.concat(files.flatMap(file => [encodeName(`./${file.path}`), Buffer.alloc(1)])),
    signal,
    timeoutMs: HASH_GRACE_MS + (contentBytes(files) / HASH_BYTES_PER_S) * 1000,
    maxOutputBytes: files.length * 8192,
    operation: 'comparing files on the board',
  });
  if (exit.kind !== 'exit' || exit.code === 127) throw boardFailure(stderr.toString('utf8'), { path: folder });
  return new Map(
    splitFields(stdout).map(line => [
      decodeName(line.subarray(HASH_CHARACTERS + '  ./'.length)),
      line.toString('latin1', 0, HASH_CHARACTERS),
    ]),
  );
}

/** The same by reading the files back, where the board has SFTP alone. */
export async function remoteHashesBySftp(
  sftp: SftpChannel,
  folder: string,
  files: readonly HashedFile[],
): Promise<Map<string, string>> {
  const hashes = await mapBounded(files, 4, file => hashBySftp(sftp, joinPath(folder, file.path), file.sizeBytes));
  return new Map(files.map((file, index) => [file.path, hashes[index] ?? '']));
}

/** SHA-256 of files of this host, in hex. */
export async function localHashes<Entry extends LocalEntry>(entries: readonly Entry[]): Promise<Map<Entry, string>> {
  const hashes = await mapBounded(entries, 4, entry => hashPrefix(entry, entry.sizeBytes));
  return new Map(entries.map((entry, index) => [entry, hashes[index] ?? '']));
}
