import { randomUUID } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { fileTrouble } from './file-trouble.js';
import { PRIVATE_DIR_MODE, PRIVATE_FILE_MODE } from './private-file.js';
import { makeDirectories } from './make-directories.js';
import type { Clock } from '../time/clock.js';
import { withDeadline } from '../time/deadline.js';
import { until } from '../time/retry.js';

export interface LockOptions {
  /** How long to wait for others; default 30 s, since a busy disk may take seconds to flush what another one wrote. */
  readonly timeoutMs?: number;
  /** A lock older than this was left behind, whoever holds it: locks are held for milliseconds. Default 60 s. */
  readonly staleMs?: number;
  /** Of the waiting; default: the system's. */
  readonly clock?: Clock;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_STALE_MS = 60_000;
const POLL_INTERVAL_MS = 10;

/**
 * Runs `work` while no other process that locks `path` does. The lock is a file beside it, made so that only one can
 * make it. One that was left behind (its process is gone, or it is too old) is broken, by one process at a time.
 * @throws TimeoutError if it stays taken, FileError if the folder cannot be written.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const lock = `${path}.lock`;
  const token = `${String(process.pid)} ${hostname()} ${randomUUID()}`;
  try {
    makeDirectories(dirname(path), PRIVATE_DIR_MODE);
  } catch (error) {
    throw fileTrouble(`The folder ${dirname(path)} cannot be made.`, dirname(path), error);
  }
  await acquire(lock, token, options);
  try {
    return await work();
  } finally {
    // If it was broken for being too old, it is somebody else's now.
    if ((await readToken(lock)) === token) await rm(lock, { force: true });
  }
}

async function acquire(lock: string, token: string, options: LockOptions): Promise<void> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const { clock } = options;
  const hint = `If no other mdt is running, remove ${lock}.`;
  await withDeadline({ operation: `waiting for another mdt that holds ${lock}`, timeoutMs, hint, clock }, signal =>
    until({ intervalMs: POLL_INTERVAL_MS, signal, clock }, async () => {
      if (await create(lock, token)) return true;
      await breakIfStale(lock, token, options.staleMs ?? DEFAULT_STALE_MS);
      return undefined;
    }),
  );
}

async function create(lock: string, token: string): Promise<boolean> {
  try {
    await writeFile(lock, token, { flag: 'wx', mode: PRIVATE_FILE_MODE });
    return true;
  } catch (error) {
    // Windows says EPERM while the file of the one before is on its way out.
    if (isCode(error, 'EEXIST') || (process.platform === 'win32' && isCode(error, 'EPERM'))) return false;
    throw fileTrouble(`${lock} cannot be made.`, lock, error);
  }
}

/**
 * Removes a lock that was left behind. Only the holder of a second lock may do so, after looking again: else two
 * processes that saw the same old lock could remove it twice, the second time a fresh one.
 */
async function breakIfStale(lock: string, token: string, staleMs: number): Promise<void> {
  if (!(await isStale(lock, staleMs))) return;
  const breaker = `${lock}.break`;
  if (!(await create(breaker, token))) return;
  try {
    if (await isStale(lock, staleMs)) await rm(lock, { force: true });
  } finally {
    await rm(breaker, { force: true });
  }
}

async function isStale(lock: string, staleMs: number): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(lock);
    if (Date.now() - mtimeMs > staleMs) return true;
    const [pid, host] = (await readFile(lock, 'utf8')).split(' ');
    return host === hostname() && !isRunning(Number(pid));
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw error;
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isCode(error, 'ESRCH');
  }
}

async function readToken(lock: string): Promise<string | undefined> {
  return readFile(lock, 'utf8').catch(() => undefined);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
