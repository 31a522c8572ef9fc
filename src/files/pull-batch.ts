import { createHash, randomBytes, type Hash } from 'node:crypto';
import { FileError, ProtocolError, TransportError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { mapBounded } from '../time/concurrency.js';
import { startScript } from '../remote/start-script.js';
import { ByteReader } from './byte-reader.js';
import { GrowingFile, makeFolder, place, remove } from './local-write.js';
import { encodeName } from '../remote/names.js';
import { differs, shrank } from './pull-file.js';
import type { PullContext } from './pull-context.js';
import type { PulledEntry } from './pull-plan.js';
import { joinPath } from './paths.js';
import { withStallWatch, type StallWatch } from '../time/stall.js';
import { CutOffError, TarReader, type TarHeader } from './tar-reader.js';

/** Files are put in place when an archive of about this size has arrived whole. */
const BATCH_BYTES = 64 * 1024 * 1024;
const BATCH_FILES = 20_000;
const WRITES_AT_ONCE = 16;
const SMALL_FILE_BYTES = 256 * 1024;
/** A file that grew by more than this since it was listed is not read to its end. */
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;
const TIDY_MS = 2000;
const PADDING_BYTES = 64 * 1024;
const MAX_SAID = 64 * 1024;

/** Archives the files whose names come on stdin. -h: one that was named by a symlink is sent as the file it is. */
const SCRIPT = String.raw`
LC_ALL=C; export LC_ALL
cd / && exec tar -chf - --format=gnu --no-recursion --hard-dereference --null -T -
`;

/** Pulls small files as tar streams. */
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
  const stage = joinPath(context.base, `.mdt-${randomBytes(8).toString('hex')}.tmp`);
  const options = {
    operation: 'pulling files',
    timeoutMs: context.stallTimeoutMs,
    signal: context.signal,
    tidyMs: TIDY_MS,
    hint: 'The board sent nothing more for that long; check the connection and repeat the command.',
  };
  await makeFolder(stage, 0o700);
  try {
    await withStallWatch(options, async watch => {
      const batch = new PullBatch(context, { files, stage, watch });
      await batch.receive();
      if (context.checksum) await batch.compare();
      await batch.place();
    });
  } finally {
    await remove(stage);
  }
}

interface Arrived {
  readonly entry: PulledEntry;
  /** Where it is until it is put in place. */
  readonly path: string;
  /** SHA-256 in hex, where checksums are wanted. */
  hash: string;
}

class PullBatch {
  readonly #context: PullContext;
  readonly #stage: string;
  readonly #watch: StallWatch;
  /** What has not arrived yet, by the name it has in the archive. */
  readonly #expected: Map<string, PulledEntry>;
  readonly #arrived: Arrived[] = [];
  readonly #writing = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(context: PullContext, batch: { files: readonly PulledEntry[]; stage: string; watch: StallWatch }) {
    this.#context = context;
    this.#stage = batch.stage;
    this.#watch = batch.watch;
    this.#expected = new Map(batch.files.map(file => [`.${file.source}`, file]));
  }

  async receive(): Promise<void> {
    const starting = startScript(this.#context.session, { script: SCRIPT }, { signal: this.#watch.signal });
    const program = await this.#watch.during(starting);
    let said = '';
    program.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-MAX_SAID);
    });
    let hasEnded = false;
    try {
      program.stdin.end(nameList(this.#expected.keys()));
      const bytes = new ByteReader(program.stdout);
      const cutOff = await this.#unpack(new TarReader(bytes)).catch(asCutOff);
      // tar fills its last record up; the channel closes only when that has been read too.
      while (await bytes.some(PADDING_BYTES));
      const exit = await program.exit;
      hasEnded = true;
      if (exit.kind === 'lost') throw new TransportError('The connection to the board was lost.');
      this.#judge(exit.kind === 'exit' ? exit.code : 128, said);
      if (cutOff) throw cutOff;
    } finally {
      await Promise.all(this.#writing);
      if (!hasEnded) program.close();
    }
  }

  async compare(): Promise<void> {
    const files = this.#arrived.map(({ entry }) => ({ path: entry.source.slice(1), sizeBytes: entry.sizeBytes }));
    const hashes = await this.#context.reader.hashes('/', files, this.#watch);
    for (const { entry, hash } of this.#arrived) {
      if (hashes.get(entry.source.slice(1)) !== hash) throw differs(entry.source);
    }
  }

  async place(): Promise<void> {
    await mapBounded(this.#arrived, WRITES_AT_ONCE, async ({ entry, path }) => {
      await place(path, joinPath(this.#context.base, entry.target));
      this.#context.tally.add(entry);
    });
  }

  async #unpack(archive: TarReader): Promise<void> {
    for (let header = await archive.next(); header; header = await archive.next()) {
      const entry = this.#expected.get(header.name);
      if (!entry || !header.isFile) {
        throw new ProtocolError(`The board sent ${safeText(header.name)}, which was not asked for.`, {
          facts: { name: header.name, type: header.type },
        });
      }
      this.#expected.delete(header.name);
      refuseChanged(header, entry);
      await this.#take(archive, entry);
      if (this.#failure) throw this.#failure.error;
    }
    await Promise.all(this.#writing);
    if (this.#failure) throw this.#failure.error;
  }

  /** Small files are written while the next ones arrive, larger ones piece by piece. */
  async #take(archive: TarReader, entry: PulledEntry): Promise<void> {
    const path = joinPath(this.#stage, String(this.#arrived.length));
    const hash = createHash('sha256');
    const arrived = { entry, path, hash: '' };
    this.#arrived.push(arrived);
    if (entry.sizeBytes > SMALL_FILE_BYTES) {
      await this.#write(arrived, this.#content(archive, entry, hash));
    } else {
      const parts: Buffer[] = [];
      for await (const part of this.#content(archive, entry, hash)) parts.push(part);
      if (this.#writing.size >= WRITES_AT_ONCE) await Promise.race(this.#writing);
      const writing: Promise<void> = this.#write(arrived, parts)
        .catch((error: unknown) => {
          this.#failure ??= { error };
        })
        .finally(() => this.#writing.delete(writing));
      this.#writing.add(writing);
    }
    if (this.#context.checksum) arrived.hash = hash.digest('hex');
  }

  /** The file as it was when it was listed: what has been added to it since is left. */
  async *#content(archive: TarReader, entry: PulledEntry, hash: Hash): AsyncGenerator<Buffer> {
    let left = entry.sizeBytes;
    for (let part = await archive.read(); part; part = await archive.read()) {
      const wanted = part.subarray(0, left);
      left -= wanted.length;
      this.#watch.moved();
      if (wanted.length === 0) continue;
      if (this.#context.checksum) hash.update(wanted);
      this.#context.meter.advance(wanted.length, entry.target);
      yield wanted;
    }
  }

  async #write(arrived: Arrived, content: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
    const attributes = this.#context.attributesOf(arrived.entry);
    const file = await GrowingFile.open(arrived.path, attributes.createMode);
    try {
      for await (const part of content) await file.append(part);
      await file.finish(attributes);
    } finally {
      await file.close();
    }
  }

  /** tar ends with 1 where a file changed under it, with 2 where one could not be read. */
  #judge(code: number, said: string): void {
    const lines = said.split('\n').filter(line => line !== '');
    const shorter = /^tar: (.+?): File shrank by/m.exec(said);
    if (shorter) throw shrank(shorter[1]?.slice(1) ?? '');
    const [missing] = this.#expected.values();
    if (missing) {
      throw new FileError(`${safeText(missing.source)} could not be read on the board: ${safeText(lines[0] ?? '')}.`, {
        facts: { path: missing.source, said: safeText(said, 2000) },
        hint: 'It vanished or was closed after it was listed; repeat the command.',
      });
    }
    for (const line of lines) if (code === 1) this.#context.meter.message(safeText(line.replace(/^tar: \./, '')));
    if (code > 1) throw new FileError(`The board could not send all files: ${safeText(lines.at(-1) ?? '')}.`);
  }
}

/** An archive that ends early is a broken connection or a tar that gave up, which tells more. */
function asCutOff(error: unknown): CutOffError {
  if (error instanceof CutOffError) return error;
  throw error;
}

function refuseChanged(header: TarHeader, entry: PulledEntry): void {
  if (header.sizeBytes < entry.sizeBytes) throw shrank(entry.source);
  if (header.sizeBytes <= entry.sizeBytes + MAX_GROWTH_BYTES) return;
  throw new FileError(`${safeText(entry.source)} grows on the board while it is being pulled.`, {
    facts: { path: entry.source },
    hint: 'Try again when it is no longer written to.',
  });
}

function nameList(names: Iterable<string>): Buffer {
  return Buffer.concat([...names].flatMap(name => [encodeName(name), Buffer.alloc(1)]));
}
