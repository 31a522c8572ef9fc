import { randomBytes } from 'node:crypto';
import { withStallWatch, type StallWatch } from '../time/stall.js';
import { makeFolder, remove } from './local-write.js';
import { joinPath } from './paths.js';
import { receiveArchive } from './pull-archive.js';
import type { PullContext } from './pull-context.js';
import type { PulledEntry } from './pull-plan.js';
import { PullStage } from './pull-stage.js';
import { readToEnd } from './pull-to-end.js';

/** Files are put in place when about this much has arrived whole. */
const BATCH_BYTES = 64 * 1024 * 1024;
const BATCH_FILES = 20_000;
/** A file that was stated to be small and is longer than this has no end, as far as a transfer is concerned. */
const MAX_UNSTATED_BYTES = 256 * 1024 * 1024;
const TIDY_MS = 2000;

/** Pulls small files, many at a time. */
export async function pullBatches(context: PullContext, files: readonly PulledEntry[]): Promise<void> {
  for (const round of inRounds(files)) {
    for (let at = 0; at < round.length;) {
      const start = at;
      for (let bytes = 0; at < round.length && at - start < BATCH_FILES && bytes < BATCH_BYTES; at++) {
        bytes += round[at]?.sizeBytes ?? 0;
      }
      await pullBatch(context, round.slice(start, at));
    }
  }
}

/** No round has a file of the board twice, so that each name in its archives stands for one entry. */
function inRounds(files: readonly PulledEntry[]): PulledEntry[][] {
  const rounds: PulledEntry[][] = [];
  const times = new Map<string, number>();
  for (const file of files) {
    const round = times.get(file.source) ?? 0;
    times.set(file.source, round + 1);
    (rounds[round] ??= []).push(file);
  }
  return rounds;
}

async function pullBatch(context: PullContext, files: readonly PulledEntry[]): Promise<void> {
  const folder = joinPath(context.base, `.mdt-${randomBytes(8).toString('hex')}.tmp`);
  const options = {
    operation: 'pulling files',
    timeoutMs: context.stallTimeoutMs,
    signal: context.signal,
    tidyMs: TIDY_MS,
    hint: 'The board sent nothing more for that long; check the connection and repeat the command.',
  };
  await makeFolder(folder, 0o700);
  try {
    await withStallWatch(options, async watch => {
      const stage = new PullStage(context, folder);
      const isStated = (file: PulledEntry): boolean => file.sizeBytes > 0;
      const wrong = await receiveArchive(context, { files: files.filter(isStated), stage, watch });
      const unstated = [...wrong, ...files.filter(file => !isStated(file))];
      await receiveToEnd(context, unstated, { stage, watch });
      if (context.checksum) await stage.compare(watch);
      await stage.place();
    });
  } finally {
    await remove(folder);
  }
}

interface Receiving {
  readonly stage: PullStage;
  readonly watch: StallWatch;
}

/** Files for which the size that their file system states is wrong: what is read until the end is the file. */
async function receiveToEnd(context: PullContext, files: readonly PulledEntry[], receiving: Receiving): Promise<void> {
  for (let left = files; left.length > 0;) left = await receiveUntilEndless(context, left, receiving);
}

/** Returns what is left where one of the files turned out to have no end. */
async function receiveUntilEndless(
  context: PullContext,
  files: readonly PulledEntry[],
  { stage, watch }: Receiving,
): Promise<readonly PulledEntry[]> {
  const paths = files.map(file => file.source);
  for await (const { index, content, failure } of readToEnd(context.session, paths, watch.signal)) {
    const entry = files[index];
    if (!entry) break;
    const bounded = new Bounded(content, watch);
    await stage.drop(entry);
    await stage.write(entry, bounded.parts());
    const reason = bounded.isTooLong ? 'it has no end' : failure();
    if (reason === undefined) continue;
    await stage.drop(entry);
    context.missing.push({ path: entry.source, reason });
    if (bounded.isTooLong) return files.slice(index + 1);
  }
  return [];
}

class Bounded {
  isTooLong = false;
  readonly #content: AsyncIterable<Buffer>;
  readonly #watch: StallWatch;

  constructor(content: AsyncIterable<Buffer>, watch: StallWatch) {
    this.#content = content;
    this.#watch = watch;
  }

  async *parts(): AsyncGenerator<Buffer> {
    let bytes = 0;
    for await (const part of this.#content) {
      this.#watch.moved();
      bytes += part.length;
      this.isTooLong = bytes > MAX_UNSTATED_BYTES;
      if (this.isTooLong) return;
      yield part;
    }
  }
}
