import { openInput, openOutput } from '../file-streams.js';
import { ProgramError, type BoardProcess } from '../program.js';

interface DdPlan {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly blockBytes: number;
  readonly maxBytes: number;
  readonly skipBytes: number;
  readonly seekBytes: number;
  readonly keepsRest: boolean;
  readonly creates: boolean;
  readonly appends: boolean;
  readonly isQuiet: boolean;
  /** Prints how far it is once a second. */
  readonly showsProgress: boolean;
}

const PROGRESS_INTERVAL_MS = 1000;

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  c: 1,
  w: 2,
  b: 512,
  kB: 1000,
  k: 1024,
  K: 1024,
  MB: 1e6,
  M: 1024 ** 2,
  G: 1024 ** 3,
};

/** `dd` with if, of, bs, count, skip, seek, conv=notrunc,nocreat, oflag=append and the flags that count in bytes. */
export async function dd(process: BoardProcess): Promise<number> {
  const plan = makePlan(process.args);
  const input = plan.from === undefined ? undefined : await openInput(process.files, process.path(plan.from));
  const source = input?.stream ?? process.options.stdin;
  let copied = 0;
  let printedAtMs = performance.now();
  try {
    await using sink = await openSink(process, plan);
    let toSkip = plan.skipBytes;
    while (copied < plan.maxBytes) {
      const chunk = await source.read(process.signal);
      if (chunk === undefined) break;
      const start = Math.min(toSkip, chunk.length);
      toSkip -= start;
      const kept = chunk.subarray(start, start + plan.maxBytes - copied);
      source.unread(chunk.subarray(start + kept.length));
      if (kept.length === 0) continue;
      await sink.write(kept);
      copied += kept.length;
      if (plan.showsProgress && performance.now() - printedAtMs >= PROGRESS_INTERVAL_MS) {
        printedAtMs = performance.now();
        await process.options.stderr.write(Buffer.from(`\r${String(copied)} bytes copied`), process.signal);
      }
    }
  } finally {
    await input?.close();
  }
  if (plan.showsProgress) await process.options.stderr.write(Buffer.from('\n'), process.signal);
  if (!plan.isQuiet) await report(process, copied, plan.blockBytes);
  return 0;
}

interface Sink extends AsyncDisposable {
  write(data: Buffer): Promise<void>;
}

async function openSink(process: BoardProcess, plan: DdPlan): Promise<Sink> {
  if (plan.to === undefined || plan.to === '/dev/null') {
    const opened = plan.to === undefined ? undefined : await openOutput(process.files, plan.to, { append: false });
    const stream = opened?.stream ?? process.options.stdout;
    return { write: data => stream.write(data, process.signal), [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const path = process.path(plan.to);
  const file = await process.files.open(path, { write: true, create: plan.creates, append: plan.appends });
  if (!plan.keepsRest && !plan.appends) await file.truncate(plan.seekBytes);
  let position = plan.seekBytes;
  return {
    write: async data => {
      await file.write(data, position);
      position += data.length;
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}

function makePlan(args: readonly string[]): DdPlan {
  const values = new Map<string, string>();
  for (const arg of args) {
    const match = /^(if|of|bs|ibs|obs|count|skip|seek|conv|iflag|oflag|status)=(.*)$/s.exec(arg);
    if (match === null) throw new ProgramError(`unrecognized operand '${arg}'`);
    values.set(match[1] ?? '', match[2] ?? '');
  }
  const blockBytes = size(values.get('bs') ?? values.get('ibs') ?? '512');
  const flags = new Set(`${values.get('iflag') ?? ''},${values.get('oflag') ?? ''}`.split(','));
  const conversions = (values.get('conv') ?? '').split(',');
  const bytes = (name: string, flag: string): number =>
    size(values.get(name) ?? '0') * (flags.has(flag) ? 1 : blockBytes);
  return {
    from: values.get('if'),
    to: values.get('of'),
    blockBytes,
    maxBytes: values.has('count') ? bytes('count', 'count_bytes') : Infinity,
    skipBytes: bytes('skip', 'skip_bytes'),
    seekBytes: bytes('seek', 'seek_bytes'),
    keepsRest: conversions.includes('notrunc'),
    creates: !conversions.includes('nocreat'),
    appends: flags.has('append'),
    isQuiet: values.get('status') === 'none',
    showsProgress: values.get('status') === 'progress',
  };
}

function size(text: string): number {
  const match = /^(\d+)(c|w|b|kB|k|K|MB|M|G)?$/.exec(text);
  if (match === null) throw new ProgramError(`invalid number: '${text}'`);
  return Number(match[1]) * (FACTORS[match[2] ?? ''] ?? 1);
}

async function report(process: BoardProcess, bytes: number, blockBytes: number): Promise<void> {
  const blocks = `${String(Math.floor(bytes / blockBytes))}+${String(bytes % blockBytes === 0 ? 0 : 1)}`;
  const lines = `${blocks} records in\n${blocks} records out\n${String(bytes)} bytes copied\n`;
  await process.options.stderr.write(Buffer.from(lines), process.signal);
}
