import { TimeoutError } from '../errors.js';
import { quoteWords } from '../ssh/quote.js';
import type { SshSession } from '../ssh/session.js';
import { runScript } from '../remote/run-script.js';
import { runStreaming } from '../remote/run-streaming.js';
import { pause } from '../time/deadline.js';
import type { LongOperation } from '../time/progress.js';
import { nameOfHolder, refusal } from './package-refusal.js';
import { readTrouble, type LockHolder } from './package-trouble.js';

/** Configuring a package may take long without a word; dependencies are fetched from the internet. */
const SILENCE_TIMEOUT_MS = 15 * 60_000;
const DEFAULT_WAIT_MS = 60_000;
const LOCK_INTERVAL_MS = 1000;

/** How long a package operation may wait, and who hears of it. */
export interface PackageOperation extends LongOperation {
  /** How long to wait for another program that holds the lock of the board's packages; default 60 s. */
  readonly waitMs?: number | undefined;
}

export interface PackageProgram {
  /** The program and its arguments, with `sudo -n` before it where that is needed. */
  readonly words: readonly string[];
  readonly task: 'install' | 'uninstall';
  /** As it reads after "while": `installing demo 1.0`. */
  readonly doing: string;
  /** Begins the error: `The board did not install demo 1.0`. */
  readonly failed: string;
}

/**
 * Runs apt-get or dpkg to its end; while another program holds their lock, again every second.
 * @throws BoardRefusedError with the cause, TimeoutError that names who holds the lock
 */
export async function runPackageProgram(
  session: SshSession,
  program: PackageProgram,
  operation: PackageOperation,
): Promise<void> {
  const { waitMs = DEFAULT_WAIT_MS, signal, onProgress } = operation;
  const endAtMs = performance.now() + waitMs;
  const say = (text: string): void => onProgress?.({ kind: 'message', task: program.task, text });
  for (let announced = ''; ;) {
    const result = await runStreaming(
      session,
      { script: quoteWords(program.words) },
      {
        signal,
        silenceTimeoutMs: SILENCE_TIMEOUT_MS,
        operation: program.doing,
        onLine: say,
      },
    );
    if (result.code === 0) return;
    const trouble = readTrouble(result.lines);
    if (trouble.kind !== 'locked') throw refusal(program.failed, trouble, result);
    const holder = nameOfHolder(await findHolder(session, trouble.holder, signal));
    if (performance.now() >= endAtMs) {
      throw new TimeoutError(`waiting for ${holder}, which holds the lock of the board's packages`, waitMs, {
        hint: 'It may be an update that runs by itself: wait longer with --wait 600, or restart the board.',
        facts: { cause: trouble.kind, holder },
      });
    }
    if (announced !== holder) say(`Waiting for ${holder}, which holds the lock of the board's packages.`);
    announced = holder;
    await pause(Math.min(LOCK_INTERVAL_MS, Math.max(1, endAtMs - performance.now())), signal);
  }
}

// proc(5): `1: POSIX  ADVISORY  WRITE 812 b3:04:131 0 EOF`, the last number before the range being the inode.
const HOLDER = String.raw`
for file in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock; do
  stat -c 'inode %i' "$file" 2>/dev/null
done
cat /proc/locks 2>/dev/null | while read -r number kind mode access pid place range; do
  case $access in WRITE) read -r name 2>/dev/null < "/proc/$pid/comm"; echo "lock $pid $place $name";; esac
done
`;

/** apt before 1.9 and dpkg before 1.20 do not say who holds the lock; the kernel does. */
async function findHolder(
  session: SshSession,
  named: LockHolder | undefined,
  signal: AbortSignal | undefined,
): Promise<LockHolder | undefined> {
  if (named?.name !== undefined) return named;
  const { stdout } = await runScript(session, { script: HOLDER, args: [] }, { signal });
  const text = stdout.toString('utf8');
  const inodes = [...text.matchAll(/^inode (\d+)$/gm)].map(match => match[1]);
  const locks = [...text.matchAll(/^lock (\d+) [0-9a-f]+:[0-9a-f]+:(\d+) (.+)$/gm)];
  const lock = locks.find(([, pid, inode]) => (named ? Number(pid) === named.pid : inodes.includes(inode)));
  return lock === undefined ? named : { pid: Number(lock[1]), name: lock[3] };
}
