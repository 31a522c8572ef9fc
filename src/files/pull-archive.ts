import { FileError, ProtocolError, TransportError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { encodeName } from '../remote/names.js';
import { startScript } from '../remote/start-script.js';
import type { StallWatch } from '../time/stall.js';
import { ByteReader } from './byte-reader.js';
import type { PullContext } from './pull-context.js';
import type { PulledEntry } from './pull-plan.js';
import type { PullStage } from './pull-stage.js';
import { CutOffError, TarReader, type TarHeader } from './tar-reader.js';

const SMALL_FILE_BYTES = 256 * 1024;
/** A file that grew by more than this since it was listed is not read to its end. */
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;
const PADDING_BYTES = 64 * 1024;
const MAX_COMPLAINT_BYTES = 4 * 1024 * 1024;

/**
 * Archives the files whose names come on stdin. -h: one that was named by a symlink is sent as the file it is. Names in
 * what tar complains of are as they are.
 */
const SCRIPT = String.raw`
LC_ALL=C; export LC_ALL
cd / && exec tar -chf - --format=gnu --quoting-style=literal --no-recursion --hard-dereference --null -T -
`;

interface Archive {
  readonly files: readonly PulledEntry[];
  readonly stage: PullStage;
  readonly watch: StallWatch;
}

/**
 * Receives files as one tar stream; returns those of which tar sent something else than the file: it fills one that is
 * shorter than its file system states up with zeros, as well as one that it cannot read on. @throws ProtocolError
 */
export async function receiveArchive(context: PullContext, archive: Archive): Promise<PulledEntry[]> {
  return archive.files.length === 0 ? [] : new ArchiveReceiver(context, archive).run();
}

class ArchiveReceiver {
  readonly #context: PullContext;
  readonly #files: readonly PulledEntry[];
  readonly #stage: PullStage;
  readonly #watch: StallWatch;
  /** What has not arrived yet, by the name it has in the archive. */
  readonly #expected: Map<string, PulledEntry>;

  constructor(context: PullContext, { files, stage, watch }: Archive) {
    this.#context = context;
    this.#files = files;
    this.#stage = stage;
    this.#watch = watch;
    this.#expected = new Map(files.map(file => [`.${file.source}`, file]));
  }

  async run(): Promise<PulledEntry[]> {
    const { signal } = this.#watch;
    const program = await this.#watch.during(startScript(this.#context.session, { script: SCRIPT }, { signal }));
    let complaints = '';
    program.stderr.on('data', (chunk: Buffer) => {
      complaints = (complaints + chunk.toString('latin1')).slice(-MAX_COMPLAINT_BYTES);
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
      const code = exit.kind === 'exit' ? exit.code : 128;
      if (cutOff && code === 0) throw cutOff;
      return code === 0 ? [...this.#expected.values()] : this.#wrong(complaints, code);
    } finally {
      await this.#stage.settle();
      if (!hasEnded) program.close();
    }
  }

  async #unpack(archive: TarReader): Promise<void> {
    for (let header = await archive.next(); header; header = await archive.next()) {
      const entry = this.#expected.get(header.name);
      if (!entry || !header.isFile) {
        throw new ProtocolError(`The board sent ${safeText(header.name)}, which was not asked for.`, {
          facts: { name: header.name, type: header.type },
        });
      }
      refuseEndless(header, entry);
      await this.#take(archive, entry);
      // One that has become shorter is read again, to its end.
      if (header.sizeBytes >= entry.sizeBytes) this.#expected.delete(header.name);
    }
    await this.#stage.settle();
    this.#stage.throwFailure();
  }

  /** Small files are written while the next ones arrive, larger ones piece by piece. */
  async #take(archive: TarReader, entry: PulledEntry): Promise<void> {
    const content = this.#content(archive, entry);
    if (entry.sizeBytes > SMALL_FILE_BYTES) {
      await this.#stage.write(entry, content);
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of content) parts.push(part);
    await this.#stage.writeSoon(entry, parts);
  }

  /** The file as it was when it was listed: what has been added to it since is left. */
  async *#content(archive: TarReader, entry: PulledEntry): AsyncGenerator<Buffer> {
    let left = entry.sizeBytes;
    for (let part = await archive.read(); part; part = await archive.read()) {
      const wanted = part.subarray(0, left);
      left -= wanted.length;
      this.#watch.moved();
      if (wanted.length === 0) continue;
      this.#context.meter.advance(wanted.length, entry.target);
      yield wanted;
    }
  }

  /**
   * tar ends with 1 where a file changed under it, with 2 where one could not be read. Where a complaint is about no file
   * that was asked for, as it is with line ends in names, any may be wrong.
   */
  #wrong(complaints: string, code: number): PulledEntry[] {
    const byName = new Map(this.#files.map(file => [encodeName(`.${file.source}`).toString('latin1'), file]));
    const wrong = new Set(this.#expected.values());
    let isClear = code <= 2;
    for (const line of complaints.split('\n')) {
      const [, name = '', what = ''] = COMPLAINT.exec(line) ?? [];
      const entry = byName.get(name);
      if (line === '' || line.startsWith('tar: Exiting with failure status') || line.startsWith('tar: Error')) continue;
      if (entry === undefined) isClear = false;
      else if (what.startsWith('file changed as we read it')) {
        this.#context.meter.message(`${safeText(entry.source)}: ${what}`);
      } else wrong.add(entry);
    }
    return isClear ? [...wrong] : [...this.#files];
  }
}

/** As GNU tar 1.30 to 1.35 has them (paxlib, names.c, create.c). */
const COMPLAINT =
  /^tar: (.+?): ((?:file changed as we read it|File shrank by|Read error at byte|Cannot |File removed before|Warning: ).*)$/;

/** An archive that ends early is a broken connection or a tar that gave up, whose exit status shows that. */
function asCutOff(error: unknown): CutOffError {
  if (error instanceof CutOffError) return error;
  throw error;
}

function refuseEndless(header: TarHeader, entry: PulledEntry): void {
  if (header.sizeBytes <= entry.sizeBytes + MAX_GROWTH_BYTES) return;
  throw new FileError(`${safeText(entry.source)} grows on the board while it is being pulled.`, {
    facts: { path: entry.source },
    hint: 'Try again when it is no longer written to.',
  });
}

function nameList(names: Iterable<string>): Buffer {
  return Buffer.concat([...names].flatMap(name => [encodeName(name), Buffer.alloc(1)]));
}
