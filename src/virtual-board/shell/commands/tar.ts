import { has, parseOptions, valueOf, type Options } from '../options.js';
import { openInput, openOutput } from '../file-streams.js';
import { ProgramError, type BoardProcess } from '../program.js';
import type { Input } from '../streams.js';
import { createArchive } from './tar-create.js';
import { extractArchive, listArchive } from './tar-extract.js';
import type { TarPlan } from './tar-plan.js';
import { gunzipped, gzipped } from './gzip.js';

const LONG = {
  absolute: 'P',
  checkpoint: '@',
  'checkpoint-action': '!',
  create: 'c',
  dereference: 'h',
  directory: 'C',
  extract: 'x',
  file: 'f',
  'files-from': 'T',
  format: 'H',
  get: 'x',
  group: '!',
  gunzip: 'z',
  gzip: 'z',
  'hard-dereference': '.',
  'ignore-failed-read': '.',
  'keep-old-files': 'k',
  list: 't',
  mode: '!',
  'no-recursion': 'n',
  'no-same-owner': 'o',
  'no-same-permissions': 'N',
  null: '0',
  'numeric-owner': '.',
  overwrite: '.',
  owner: '!',
  'quoting-style': '!',
  'no-overwrite-dir': '.',
  'preserve-permissions': 'p',
  'same-permissions': 'p',
  'same-owner': '.',
  sort: '!',
  sparse: '.',
  'strip-components': 's',
  touch: 'm',
  'unlink-first': '.',
  verbose: 'v',
  warning: '!',
} as const;

/** `tar` -c, -x and -t from and to files and pipes, with gzip on request. */
export async function tar(process: BoardProcess): Promise<number> {
  const [first = '', ...rest] = process.args;
  // The old way to write it: `tar xf -`.
  const args = first.startsWith('-') ? process.args : [`-${first}`, ...rest];
  const options = parseOptions(args, { letters: 'cxtzvpmkhPoSNn0.C:f:T:H:s:!:@:', long: LONG });
  const modes = ['c', 'x', 't'].filter(letter => has(options, letter));
  if (modes.length !== 1) throw new ProgramError("You must specify one of the '-Acdtrux' options", 2);
  const plan = planOf(process, options);
  if (!(await process.files.exists(plan.folder))) {
    throw new ProgramError(`${valueOf(options, 'C') ?? ''}: Cannot open: No such file or directory`, 2);
  }
  if (has(options, 'c')) return create(process, options, plan);
  return read(process, options, plan);
}

function planOf(process: BoardProcess, options: Options): TarPlan {
  const folders = options.values.get('C') ?? [];
  const folder = folders.reduce((base, next) => (next.startsWith('/') ? next : `${base}/${next}`), process.options.cwd);
  return {
    folder,
    isVerbose: has(options, 'v'),
    keepsModes: has(options, 'p') || (process.isRoot && !has(options, 'N')),
    keepsTimes: !has(options, 'm'),
    isRecursive: !has(options, 'n'),
    followsLinks: has(options, 'h'),
    keepsExisting: has(options, 'k'),
    stripComponents: Number(valueOf(options, 's') ?? 0),
  };
}

async function create(process: BoardProcess, options: Options, plan: TarPlan): Promise<number> {
  const names = [...options.operands, ...(await listedNames(process, options))];
  if (names.length === 0) throw new ProgramError('Cowardly refusing to create an empty archive', 2);
  const file = valueOf(options, 'f') ?? '-';
  const opened = file === '-' ? undefined : await openOutput(process.files, process.path(file), { append: false });
  const output = opened?.stream ?? process.options.stdout;
  const { chunks, finished } = createArchive(process, plan, names);
  try {
    for await (const chunk of has(options, 'z') ? gzipped(chunks) : chunks) await output.write(chunk, process.signal);
    return await finished;
  } finally {
    await opened?.close();
  }
}

async function read(process: BoardProcess, options: Options, plan: TarPlan): Promise<number> {
  const file = valueOf(options, 'f') ?? '-';
  const opened = file === '-' ? undefined : await openInput(process.files, process.path(file));
  try {
    const chunks = opened === undefined ? process.chunks() : chunksOf(opened.stream, process.signal);
    const plain = plainChunks(chunks, has(options, 'z') || /\.t?gz$/.test(file));
    const archive = withCheckpoints(process, options, plain);
    return has(options, 't')
      ? await listArchive(process, archive)
      : await extractArchive(process, plan, { archive, wanted: options.operands });
  } finally {
    await opened?.close();
  }
}

async function* chunksOf(input: Input, signal: AbortSignal): AsyncGenerator<Buffer> {
  for (let chunk = await input.read(signal); chunk !== undefined; chunk = await input.read(signal)) yield chunk;
}

function plainChunks(chunks: AsyncIterable<Buffer>, isGzip: boolean): AsyncIterable<Buffer> {
  return isGzip ? gunzipped(chunks) : chunks;
}

const RECORD_BYTES = 10_240;

/** `--checkpoint=N --checkpoint-action=echo=TEXT`: says TEXT on stderr after every N records, `%u` being their number. */
async function* withCheckpoints(
  process: BoardProcess,
  options: Options,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const every = Number(valueOf(options, '@') ?? Infinity);
  const text = (options.values.get('!') ?? []).find(value => value.startsWith('echo='))?.slice('echo='.length);
  let bytes = 0;
  for await (const chunk of chunks) {
    yield chunk;
    const before = Math.floor(bytes / RECORD_BYTES / every);
    bytes += chunk.length;
    const after = Math.floor(bytes / RECORD_BYTES / every);
    if (after > before && text !== undefined) await process.complain(text.replaceAll('%u', String(after * every)));
  }
}

/** Names out of a file or standard input (`-T`), one a line, or ended by NUL with `--null`. */
async function listedNames(process: BoardProcess, options: Options): Promise<string[]> {
  const file = valueOf(options, 'T');
  if (file === undefined) return [];
  let text = '';
  if (file === '-') for await (const chunk of process.chunks()) text += chunk.toString('latin1');
  else text = (await process.files.readFile(process.path(file))).toString('latin1');
  const names = Buffer.from(text, 'latin1')
    .toString()
    .split(has(options, '0') ? '\0' : '\n');
  return names.filter(name => name !== '');
}
