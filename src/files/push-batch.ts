import { ProtocolError } from '../errors.js';
import { BATCH_EXIT } from './batch-programs.js';
import { boardFailure } from './board-failure.js';
import { BoardPipe } from './board-pipe.js';
import { commitScript } from './commit-script.js';
import { isCompressible, MIN_COMPRESSED_BYTES, PROBE_BYTES, probe, sampleCompression } from './link-gauge.js';
import { encodeName } from '../remote/names.js';
import type { PushContext } from './push-context.js';
import type { PlannedEntry } from './push-plan.js';
import { splitTarget } from './paths.js';
import { Prefixed } from './prefixed.js';
import { withStallWatch, type StallWatch } from '../time/stall.js';
import { TarPacker } from './tar-packer.js';

/** Archives are cut at this size, so that an interrupted push of a large tree keeps what it has. */
const BATCH_BYTES = 64 * 1024 * 1024;
const TAR_RECORD_BYTES = 10_240;
const FATAL = /No space left|Disk quota exceeded|Read-only file system/;

/** Sends folders, small files and symlinks as archives; what one archive holds is put in place when all of it is there. */
export async function pushBatches(context: PushContext, entries: readonly PlannedEntry[]): Promise<void> {
  const packer = new TarPacker(entries, {
    folder: 't/',
    checksum: context.checksum,
    nowS: context.nowS,
  });
  while (!packer.isEmpty) await pushBatch(context, packer);
}

async function pushBatch(context: PushContext, packer: TarPacker): Promise<void> {
  const options = {
    operation: 'pushing files',
    timeoutMs: context.stallTimeoutMs,
    signal: context.signal,
    hint: 'The board took nothing more for that long; check the connection and repeat the command.',
  };
  await withStallWatch(options, async watch => {
    await new Batch(context, packer, watch).run();
  });
}

class Batch {
  readonly #context: PushContext;
  readonly #packer: TarPacker;
  readonly #watch: StallWatch;
  #confirmed = 0;

  constructor(context: PushContext, packer: TarPacker, watch: StallWatch) {
    this.#context = context;
    this.#packer = packer;
    this.#watch = watch;
  }

  async run(): Promise<void> {
    const program = await this.#context.programs.take(this.#context.base, this.#watch.signal);
    const pipe = new BoardPipe(program, line => this.#hear(line));
    try {
      this.#packer.startBatch();
      await this.#send(pipe);
      await this.#end(pipe);
      this.#settle(this.#packer.batch);
    } finally {
      if (!pipe.hasEnded) pipe.close();
    }
  }

  /** Sends the archive; stops early, without its trailer, if the board stops listening. */
  async #send(pipe: BoardPipe): Promise<void> {
    const { compress, gauge } = this.#context;
    const isWorthwhile = compress && this.#packer.bytesLeft >= MIN_COMPRESSED_BYTES;
    await using archive = new Prefixed(this.#chunks(pipe));
    let level = 0;
    if (isWorthwhile) {
      const first = await archive.peek(PROBE_BYTES);
      const sample = await sampleCompression([first.subarray(0, 65_536), first.subarray(-65_536)]);
      if (!gauge.isMeasured && isCompressible(sample)) await probe(pipe, await archive.cut(PROBE_BYTES), gauge);
      level = gauge.level(sample);
    }
    if (!(await pipe.send(level > 0 ? 'gzip\n' : 'plain\n'))) return;
    if (level > 0) await pipe.sendCompressed(archive, level);
    else for await (const chunk of archive) if (!(await pipe.send(chunk))) return;
  }

  async *#chunks(pipe: BoardPipe): AsyncGenerator<Buffer> {
    for await (const chunk of this.#packer.pack(BATCH_BYTES)) {
      this.#watch.moved();
      if (FATAL.test(pipe.said)) return;
      yield chunk;
    }
    yield this.#packer.end(this.#trailer(this.#packer.batch));
  }

  #trailer(batch: readonly PlannedEntry[]): [string, Buffer][] {
    const trailer: [string, Buffer][] = [['sizes', sizeList(batch)]];
    if (this.#context.checksum) trailer.push(['sums', hashList(batch, this.#packer.hashes)]);
    return [...trailer, ['commit', commitScript(batch)]];
  }

  async #end(pipe: BoardPipe): Promise<void> {
    pipe.end();
    while ((await pipe.line()) !== undefined) this.#watch.moved();
    const code = await pipe.ended();
    const [first] = this.#packer.batch;
    const path = first ? `${this.#context.base}/${first.target}` : this.#context.base;
    if (code === 0) this.#confirmTo(Number.POSITIVE_INFINITY);
    else if (pipe.said.trim() === '' && code === BATCH_EXIT.incomplete) {
      throw new ProtocolError('The board did not get all of the files; none of them were put in place.');
    } else if (code === BATCH_EXIT.differs) {
      throw new ProtocolError('What the board got differs from what was sent; none of it was put in place.');
    } else throw boardFailure(pipe.said, { path });
  }

  #settle(batch: readonly PlannedEntry[]): void {
    const moved = new Set(batch.filter(entry => entry.kind === 'directory').map(entry => entry.target));
    for (const entry of batch) {
      const { folder } = splitTarget(entry.target);
      if (!moved.has(folder)) this.#context.touchedFolders.add(folder);
      this.#context.tally.add(entry);
    }
  }

  /** Lines `tar: mdt N`: N records of the archive have been unpacked. */
  #hear(line: string): boolean {
    const match = /^tar: mdt (\d+)$/.exec(line);
    if (!match) return false;
    this.#watch.moved();
    this.#confirmTo(Number(match[1]) * TAR_RECORD_BYTES);
    return true;
  }

  #confirmTo(archiveBytes: number): void {
    const { packed } = this.#packer;
    for (let file = packed[this.#confirmed]; file && file.archiveEnd <= archiveBytes; file = packed[this.#confirmed]) {
      this.#confirmed++;
      this.#context.meter.advance(file.entry.sizeBytes, file.entry.target);
    }
  }
}

/** What `find -printf '%y %s %P\0' | sort -z` prints for these entries. */
function sizeList(batch: readonly PlannedEntry[]): Buffer {
  return nulList(
    batch
      .filter(entry => entry.kind !== 'directory')
      .map(entry => `${entry.kind === 'file' ? 'f' : 'l'} ${String(entry.sizeBytes)} ${binary(entry.target)}`)
      .sort(),
  );
}

/** What `sha256sum -z` prints for the files in the order of `sort -z`. */
function hashList(batch: readonly PlannedEntry[], hashes: ReadonlyMap<PlannedEntry, string>): Buffer {
  const files = batch
    .filter(entry => entry.kind === 'file')
    .map(entry => [binary(entry.target), hashes.get(entry) ?? ''] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return nulList(files.map(([name, hash]) => `${hash}  ./${name}`));
}

/** One character for each byte, so that strings sort as bytes do. */
function binary(name: string): string {
  return encodeName(name).toString('latin1');
}

function nulList(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map(line => `${line}\0`).join(''), 'latin1');
}
