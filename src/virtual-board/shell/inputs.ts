import { openInput } from './file-streams.js';
import type { BoardProcess } from './program.js';

/** Content of one operand, `-` or none being standard input. */
export interface NamedInput {
  /** As it was written; `-` for standard input. */
  readonly name: string;
  chunks(): AsyncGenerator<Buffer>;
  /** Gives back what was read too much, for the next program that reads the same input. */
  unread(data: Buffer): void;
}

/** Calls `work` with the content of every operand in turn; complains about those that cannot be read. */
export async function forEachInput(
  process: BoardProcess,
  operands: readonly string[],
  work: (input: NamedInput) => Promise<void>,
): Promise<number> {
  return process.forEach(operands.length > 0 ? operands : ['-'], async (path, name) => {
    if (name === '-') {
      await work({
        name,
        chunks: () => process.chunks(),
        unread: data => {
          process.options.stdin.unread(data);
        },
      });
      return;
    }
    if ((await process.files.stat(path).catch(() => undefined))?.isDirectory() === true) {
      throw Object.assign(new Error(), { code: 'EISDIR' });
    }
    const opened = await openInput(process.files, path);
    try {
      await work({ name, chunks: () => chunksOf(process, opened.stream), unread: () => undefined });
    } finally {
      await opened.close();
    }
  });
}

async function* chunksOf(
  process: BoardProcess,
  input: { read(signal: AbortSignal): Promise<Buffer | undefined> },
): AsyncGenerator<Buffer> {
  for (;;) {
    const chunk = await input.read(process.signal);
    if (chunk === undefined) return;
    yield chunk;
  }
}

const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** Splits a stream into lines, each with its line end as far as it has one. */
export async function* linesOf(chunks: AsyncIterable<Buffer>, end = 0x0a): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of chunks) {
    let at = 0;
    for (let found = chunk.indexOf(end); found >= 0; found = chunk.indexOf(end, at)) {
      yield Buffer.concat([...rest, chunk.subarray(at, found + 1)]);
      rest = [];
      restBytes = 0;
      at = found + 1;
    }
    if (at < chunk.length) {
      rest.push(chunk.subarray(at));
      restBytes += chunk.length - at;
    }
    if (restBytes > MAX_LINE_BYTES) {
      yield Buffer.concat(rest);
      rest = [];
      restBytes = 0;
    }
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}

/** The text of a line without its line end. */
export function lineText(line: Buffer): string {
  return line.toString().replace(/\n$/, '');
}
