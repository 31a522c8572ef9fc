import { createHash, type Hash } from 'node:crypto';
import { FileError, ProtocolError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { mapBounded } from '../time/concurrency.js';
import { boardFailure, overtaken } from './board-failure.js';
import { BoardPipe } from './board-pipe.js';
import { runScript } from '../remote/run-script.js';
import { startScript } from '../remote/start-script.js';
import { Prefixed } from './prefixed.js';
import { isCompressible, MIN_COMPRESSED_BYTES, PROBE_BYTES, probe, sampleCompression } from './link-gauge.js';
import { stretchesOf, type Stretch } from './holes.js';
import { hashPrefix, readChunks } from './local-read.js';
import { partNames, type PartNames } from './part-name.js';
import type { PushContext } from './push-context.js';
import { CLAIM, PLACE, RECEIVE, StoreProgress } from './push-large-scripts.js';
import { stampOf, type PlannedEntry } from './push-plan.js';
import { joinPath, splitTarget } from './paths.js';
import { withStallWatch, type StallWatch } from '../time/stall.js';

const AT_ONCE = 2;
/** A board hashes at least this much a second. */
const HASH_BYTES_PER_S = 10e6;
const HASH_GRACE_MS = 60_000;

const EXIT = { short: 43, differs: 44, overtaken: 46 } as const;

/** Sends large files, each on its own: into a part file beside its place, from which `--resume` continues. */
export async function pushLargeFiles(context: PushContext, files: readonly PlannedEntry[]): Promise<void> {
  await mapBounded(files, AT_ONCE, file => new LargeFile(context, file).push());
}

class LargeFile {
  readonly #context: PushContext;
  readonly #file: PlannedEntry;
  readonly #folder: string;
  readonly #name: string;
  readonly #part: PartNames;
  readonly #path: string;
  #confirmed = 0;

  constructor(context: PushContext, file: PlannedEntry) {
    const { folder, name } = splitTarget(file.target);
    this.#context = context;
    this.#file = file;
    this.#folder = joinPath(context.base, folder);
    this.#name = name;
    this.#part = partNames(name, file);
    this.#path = joinPath(context.base, file.target);
  }

  async push(): Promise<void> {
    const offset = this.#context.resume ? await this.#claimPart() : 0;
    this.#confirmTo(offset);
    this.#context.tally.resumed(offset);
    const sum = await this.#send(offset);
    await this.#place(this.#context.checksum ? sum : '');
    this.#confirmTo(this.#file.sizeBytes);
    this.#context.touchedFolders.add(splitTarget(this.#file.target).folder);
    this.#context.tally.add(this.#file);
  }

  /** How much of the file is on the board already, from a transfer that was cut off, and is the same as here. */
  async #claimPart(): Promise<number> {
    const { session, signal } = this.#context;
    const { stdout } = await runScript(
      session,
      { script: CLAIM, args: [this.#folder, this.#part.own, this.#part.ofVersion] },
      {
        signal,
        timeoutMs: HASH_GRACE_MS + (this.#file.sizeBytes / HASH_BYTES_PER_S) * 1000,
        operation: 'comparing the part that is on the board',
      },
    );
    const [size = '', hash = ''] = stdout.toString('latin1').split(/\s+/);
    const sizeBytes = Number(size);
    if (size === '' || !Number.isInteger(sizeBytes) || sizeBytes > this.#file.sizeBytes) return 0;
    return (await hashPrefix(this.#file, sizeBytes)) === hash ? sizeBytes : 0;
  }

  /** Sends from `offset` on; resolves with the hash of the whole file where checksums are wanted. */
  async #send(offset: number): Promise<string> {
    const { session, stallTimeoutMs, signal } = this.#context;
    const options = {
      operation: `pushing ${safeText(this.#file.target)}`,
      timeoutMs: stallTimeoutMs,
      signal,
      hint: 'The board took nothing more for that long; check the connection and repeat the command with --resume.',
    };
    return withStallWatch(options, async watch => {
      const args = [this.#folder, this.#part.own, this.#part.ofFile, offset];
      const starting = startScript(session, { script: RECEIVE, args }, { signal: watch.signal });
      const program = await watch.during(starting);
      const progress = new StoreProgress(bytes => {
        if (this.#confirmTo(bytes)) watch.moved();
      });
      const pipe = new BoardPipe(program, line => progress.read(line));
      try {
        const sum = await this.#stream(pipe, watch, offset);
        pipe.end();
        const code = await pipe.ended();
        if (code === EXIT.overtaken) throw overtaken('push', this.#path);
        if (code !== 0) throw boardFailure(pipe.said, { path: this.#path, neededBytes: this.#file.sizeBytes });
        return sum;
      } catch (error) {
        // The file on this host is another one now: nothing will ever continue this part.
        if (error instanceof FileError && error.facts['path'] === this.#file.path) await this.#discard(pipe);
        throw error;
      } finally {
        if (!pipe.hasEnded) pipe.close();
      }
    });
  }

  async #stream(pipe: BoardPipe, watch: StallWatch, offset: number): Promise<string> {
    const { checksum, compress, gauge } = this.#context;
    const hash = createHash('sha256');
    if (checksum) {
      for await (const chunk of readChunks(this.#file, 0, offset)) {
        hash.update(chunk);
        watch.moved();
      }
    }
    const stretches = await watch.during(stretchesOf(this.#file, offset));
    const isDense = stretches.every(({ kind }) => kind === 'data');
    await using content = new Prefixed(this.#framed(stretches, watch, checksum ? hash : undefined));
    let level = 0;
    if (compress && this.#file.sizeBytes - offset >= MIN_COMPRESSED_BYTES) {
      const sample = await sampleCompression(await this.#samples(offset));
      // The probe is stored as it comes, which only content can be.
      const canProbe = isDense && !gauge.isMeasured && isCompressible(sample);
      if (canProbe) await probe(pipe, await content.cut(PROBE_BYTES), gauge);
      level = gauge.level(sample);
    }
    await pipe.send(level > 0 ? 'gzip\n' : 'plain\n');
    const frame = isDense ? Buffer.from('rest\n') : Buffer.alloc(0);
    if (level > 0) await pipe.sendCompressed(after(frame, content), level);
    else for await (const chunk of after(frame, content)) if (!(await pipe.send(chunk))) break;
    return hash.digest('hex');
  }

  /** Content alone where there are no holes; else each stretch with a line before it, and one at the end. */
  async *#framed(stretches: readonly Stretch[], watch: StallWatch, hash: Hash | undefined): AsyncGenerator<Buffer> {
    const isDense = stretches.every(({ kind }) => kind === 'data');
    for (const { kind, start, end } of stretches) {
      if (!isDense) yield Buffer.from(`${kind} ${String(end - start)}\n`);
      if (kind === 'data' || hash) {
        for await (const chunk of readChunks(this.#file, start, end)) {
          hash?.update(chunk);
          watch.moved();
          if (kind === 'data') yield chunk;
        }
      }
    }
    if (!isDense) yield Buffer.from('end\n');
  }

  /** From the beginning, the middle and the end of what is to be sent. */
  async #samples(offset: number): Promise<Buffer[]> {
    const length = 65_536;
    const left = this.#file.sizeBytes - offset;
    const samples: Buffer[] = [];
    for (const at of [offset, offset + Math.floor((left - length) / 2), this.#file.sizeBytes - length]) {
      for await (const chunk of readChunks(this.#file, at, at + length)) samples.push(chunk);
    }
    return samples;
  }

  async #place(sum: string): Promise<void> {
    const { session, keepTimes, nowS, signal } = this.#context;
    const { sizeBytes, mode } = this.#file;
    const time = keepTimes ? stampOf(this.#file, nowS).toFixed(6) : '';
    const words = [this.#folder, this.#part.own, this.#name, sizeBytes, mode.toString(8), time, sum];
    const { code, said } = await runScript(
      session,
      { script: PLACE, args: words },
      {
        signal,
        timeoutMs: HASH_GRACE_MS + (sum === '' ? 0 : (sizeBytes / HASH_BYTES_PER_S) * 1000),
        operation: `putting ${safeText(this.#file.target)} in place`,
      },
    );
    if (code === 0) return;
    if (code === EXIT.overtaken) throw overtaken('push', this.#path);
    if (code === EXIT.short) {
      throw new FileError(`The board did not keep all of ${safeText(this.#path)}.`, {
        facts: { path: this.#path, sizeBytes },
        hint: 'Repeat the command.',
      });
    }
    if (code === EXIT.differs) {
      throw new ProtocolError(`What the board got of ${safeText(this.#path)} differs from what was sent.`, {
        facts: { path: this.#path },
        hint: 'Nothing was put in place; repeat the command.',
      });
    }
    throw boardFailure(said, { path: this.#path });
  }

  async #discard(pipe: BoardPipe): Promise<void> {
    pipe.end();
    await pipe.ended();
    const remove = { script: 'rm -f -- "$1/$2"', args: [this.#folder, this.#part.own] };
    // It is an attempt; the error that led here is the one to tell.
    await runScript(this.#context.session, remove, {}).catch(() => undefined);
  }

  #confirmTo(bytes: number): boolean {
    const capped = Math.min(bytes, this.#file.sizeBytes);
    if (capped <= this.#confirmed) return false;
    this.#context.meter.advance(capped - this.#confirmed, this.#file.target);
    this.#confirmed = capped;
    return true;
  }
}

async function* after(beginning: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (beginning.length > 0) yield beginning;
  yield* rest;
}
