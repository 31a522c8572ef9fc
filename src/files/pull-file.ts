import { createHash, randomBytes, type Hash } from 'node:crypto';
import { AbortedError, FileError, ProtocolError, TimeoutError, TransportError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { overtaken } from './board-failure.js';
import { hashHere, listedFile, readChunks } from './local-read.js';
import { GrowingFile, lookAt, namesIn, place, remove, removeFile } from './local-write.js';
import { isPartOf, partNames, type PartNames } from './part-name.js';
import { chunksOf, pieceBytes } from './pieces.js';
import type { PullContext } from './pull-context.js';
import type { PulledEntry } from './pull-plan.js';
import { joinPath, splitTarget } from './paths.js';
import { withStallWatch, type StallWatch } from '../time/stall.js';
import { LARGE_FILE_BYTES } from './transfer.js';

const TIDY_MS = 2000;

/** Reads one file to a name beside its place, compares, and renames it. A large one is continued with `resume`. */
export async function pullFile(context: PullContext, entry: PulledEntry): Promise<void> {
  const options = {
    operation: `pulling ${safeText(entry.target)}`,
    timeoutMs: context.stallTimeoutMs,
    signal: context.signal,
    tidyMs: TIDY_MS,
    hint: 'The board sent nothing more for that long; check the connection and repeat the command with --resume.',
  };
  const path = joinPath(context.base, entry.target);
  const { folder, name } = splitTarget(path);
  const inFolder = (own: string): string => joinPath(folder || '/', own);
  const isLarge = entry.sizeBytes >= LARGE_FILE_BYTES;
  const names = partNames(name, entry);
  const part = inFolder(isLarge ? names.own : `.mdt-${randomBytes(8).toString('hex')}.tmp`);
  const offset = isLarge ? await claimPart(context, { entry, names, inFolder }) : 0;
  context.tally.resumed(offset);
  context.meter.advance(offset, entry.target);
  let sizeBytes: number;
  try {
    sizeBytes = await withStallWatch(options, watch => new Reading(context, entry, watch).run(part, offset));
    await place(part, path);
  } catch (error) {
    if (isLarge && isMissing(error) && (await lookAt(inFolder('')))) throw overtaken('pull', path);
    if (!isLarge || !isInterruption(error)) await remove(part);
    throw error;
  }
  context.tally.add({ kind: 'file', sizeBytes });
}

interface ClaimedPart {
  readonly entry: PulledEntry;
  readonly names: PartNames;
  /** Path of a name beside the final place. */
  readonly inFolder: (name: string) => string;
}

/** Takes over what can be continued, and removes all other parts of the file; resolves with what there is of it. */
async function claimPart(context: PullContext, { entry, names, inFolder }: ClaimedPart): Promise<number> {
  const parts = (await namesIn(inFolder(''))).filter(name => isPartOf(names, name)).map(inFolder);
  const largest = context.resume
    ? await largestFile(parts.filter(part => part.startsWith(inFolder(names.ofVersion))))
    : undefined;
  const own = inFolder(names.own);
  const isOurs = largest !== undefined && (await tried(place(largest, own)));
  await Promise.all(parts.filter(part => part !== largest).map(part => tried(removeFile(part))));
  const offset = isOurs ? await usableBytes(context, entry, own) : 0;
  if (isOurs && offset === 0) await removeFile(own);
  return offset;
}

async function largestFile(paths: readonly string[]): Promise<string | undefined> {
  let largest: { readonly path: string; readonly sizeBytes: number } | undefined;
  for (const path of paths) {
    const stats = await lookAt(path);
    if (stats?.isFile() === true && stats.size > (largest?.sizeBytes ?? 0)) largest = { path, sizeBytes: stats.size };
  }
  return largest?.path;
}

/** False where somebody else was quicker, or it is not ours. */
async function tried(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

/** How much of the file is here already, from a transfer that was cut off, and is the same as on the board. */
async function usableBytes(context: PullContext, entry: PulledEntry, part: string): Promise<number> {
  const stats = await lookAt(part);
  if (!stats || stats.size > entry.sizeBytes) return 0;
  const [here, there] = await Promise.all([
    // It changes while another pull is still writing to it.
    hashHere(part, stats).catch(() => undefined),
    context.reader.hash(entry.source, stats.size),
  ]);
  return here === there ? stats.size : 0;
}

function isMissing(error: unknown): boolean {
  return error instanceof FileError && error.facts['reason'] === 'ENOENT';
}

class Reading {
  readonly #context: PullContext;
  readonly #entry: PulledEntry;
  readonly #watch: StallWatch;

  constructor(context: PullContext, entry: PulledEntry, watch: StallWatch) {
    this.#context = context;
    this.#entry = entry;
    this.#watch = watch;
  }

  /** Resolves with the size of the file. */
  async run(part: string, offset: number): Promise<number> {
    const attributes = this.#context.attributesOf(this.#entry);
    const file = await GrowingFile.open(part, attributes.createMode, offset);
    try {
      const hash = createHash('sha256');
      if (this.#context.checksum && offset > 0) await this.#hashPart(part, hash);
      const sizeBytes = await this.#receive(file, { offset, hash });
      if (this.#context.checksum) await this.#compare(hash.digest('hex'));
      await file.finish(attributes);
      return sizeBytes;
    } finally {
      await file.close();
    }
  }

  /** What is here already is part of what is compared at the end. */
  async #hashPart(part: string, hash: Hash): Promise<void> {
    const stats = await lookAt(part);
    if (!stats) return;
    for await (const chunk of readChunks(listedFile(part, stats))) {
      hash.update(chunk);
      this.#watch.moved();
    }
  }

  async #receive(file: GrowingFile, { offset, hash }: { offset: number; hash: Hash }): Promise<number> {
    const { checksum, reader, meter } = this.#context;
    const { source, target, sizeBytes } = this.#entry;
    let position = offset;
    const range = { position, end: sizeBytes, signal: this.#watch.signal };
    if (offset < sizeBytes) {
      for await (const piece of reader.read(source, range)) {
        if (checksum) for (const chunk of chunksOf(piece)) hash.update(chunk);
        if (Buffer.isBuffer(piece)) await file.append(piece);
        else await file.skip(piece.holeBytes);
        position += pieceBytes(piece);
        this.#watch.moved();
        meter.advance(pieceBytes(piece), target);
        this.#watch.signal.throwIfAborted();
      }
    }
    // The size is what the file system states: the file ends where reading it ends.
    return position;
  }

  async #compare(hash: string): Promise<void> {
    const { source, sizeBytes } = this.#entry;
    if ((await this.#context.reader.hash(source, sizeBytes, this.#watch)) !== hash) throw differs(source);
  }
}

export function differs(path: string): ProtocolError {
  return new ProtocolError(`What arrived of ${safeText(path)} differs from what is on the board.`, {
    facts: { path },
    hint: 'Nothing of it was put in place; repeat the command.',
  });
}

function isInterruption(error: unknown): boolean {
  return error instanceof TransportError || error instanceof TimeoutError || error instanceof AbortedError;
}
