import { createGunzip, createGzip } from 'node:zlib';
import { through } from '../../through.js';
import { forEachInput } from '../inputs.js';
import { openInput, openOutput } from '../file-streams.js';
import { has, parseOptions } from '../options.js';
import { ProgramError, type BoardProcess, type Program } from '../program.js';

export const gzipPrograms: Readonly<Record<string, Program>> = {
  gunzip: process => gzip(process, { decompresses: true, toOutput: false }),
  gzip: process => gzip(process, { decompresses: false, toOutput: false }),
  zcat: process => gzip(process, { decompresses: true, toOutput: true }),
};

export function gzipped(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  return through(chunks, createGzip({ level: 1 }));
}

/** @throws ProgramError if the data is not gzip or ends early */
export async function* gunzipped(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* through(chunks, createGunzip());
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'Z_BUF_ERROR') throw new ProgramError('stdin: unexpected end of file');
    if (typeof code === 'string' && code.startsWith('Z_')) throw new ProgramError('stdin: not in gzip format');
    throw error;
  }
}

interface Direction {
  readonly decompresses: boolean;
  readonly toOutput: boolean;
}

async function gzip(process: BoardProcess, direction: Direction): Promise<number> {
  const options = parseOptions(process.args, {
    letters: 'cdfknq123456789',
    long: { decompress: 'd', stdout: 'c', force: 'f', keep: 'k', fast: '1', best: '9' },
  });
  const decompresses = direction.decompresses || has(options, 'd');
  const convert = decompresses ? gunzipped : gzipped;
  const isStream = direction.toOutput || has(options, 'c') || options.operands.length === 0;
  if (isStream) {
    return forEachInput(process, options.operands, async input => {
      for await (const chunk of convert(input.chunks())) await process.print(chunk);
    });
  }
  return process.forEach(options.operands, async (path, name) => {
    const target = decompresses ? path.replace(/\.gz$/, '') : `${path}.gz`;
    if (target === path) throw new ProgramError(`${name}: unknown suffix -- ignored`, 2);
    await convertFile(process, { from: path, to: target }, convert);
    if (!has(options, 'k')) await process.files.unlink(path);
  });
}

async function convertFile(
  process: BoardProcess,
  { from, to }: { readonly from: string; readonly to: string },
  convert: (chunks: AsyncIterable<Buffer>) => AsyncIterable<Buffer>,
): Promise<void> {
  const input = await openInput(process.files, from);
  try {
    const output = await openOutput(process.files, to, { append: false });
    try {
      for await (const chunk of convert(chunksOf(input.stream, process.signal))) {
        await output.stream.write(chunk, process.signal);
      }
    } finally {
      await output.close();
    }
  } finally {
    await input.close();
  }
}

async function* chunksOf(
  input: { read(signal: AbortSignal): Promise<Buffer | undefined> },
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for (let chunk = await input.read(signal); chunk !== undefined; chunk = await input.read(signal)) yield chunk;
}
