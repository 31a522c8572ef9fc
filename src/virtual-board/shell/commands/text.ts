import { forEachInput, lineText, linesOf } from '../inputs.js';
import { openOutput } from '../file-streams.js';
import { has, parseOptions, valueOf } from '../options.js';
import { ProgramError, type BoardProcess, type Program } from '../program.js';

const NEWLINE = 0x0a;

/** Programs that read text or bytes and write them on. */
export const textPrograms: Readonly<Record<string, Program>> = { cat, cut, head, sort, tail, tee, tr, uniq, wc };

async function cat(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'nuv' });
  let number = 0;
  return forEachInput(process, options.operands, async input => {
    if (!has(options, 'n')) {
      for await (const chunk of input.chunks()) await process.print(chunk);
      return;
    }
    for await (const line of linesOf(input.chunks())) {
      await process.print(Buffer.concat([Buffer.from(`${String(++number).padStart(6)}\t`), line]));
    }
  });
}

/** `-5` is an old way to write `-n 5`. */
function withCount(args: readonly string[]): readonly string[] {
  return args.map(arg => (/^-\d+$/.test(arg) ? `-n${arg.slice(1)}` : arg));
}

function count(text: string, name: string): number {
  if (!/^[-+]?\d+$/.test(text)) throw new ProgramError(`invalid number of ${name}: '${text}'`);
  return Math.abs(Number(text));
}

async function head(process: BoardProcess): Promise<number> {
  const options = parseOptions(withCount(process.args), { letters: 'n:c:qv', long: { lines: 'n', bytes: 'c' } });
  const bytes = valueOf(options, 'c');
  const limit = bytes === undefined ? count(valueOf(options, 'n') ?? '10', 'lines') : count(bytes, 'bytes');
  return forEachInput(process, options.operands, async input => {
    let left = limit;
    if (left === 0) return;
    for await (const chunk of input.chunks()) {
      const part = bytes === undefined ? firstLines(chunk, left) : chunk.subarray(0, left);
      await process.print(part);
      left -= bytes === undefined ? countLines(part) : part.length;
      if (left > 0) continue;
      input.unread(chunk.subarray(part.length));
      return;
    }
  });
}

function firstLines(chunk: Buffer, lines: number): Buffer {
  let end = 0;
  for (let left = lines; left > 0; left--) {
    const found = chunk.indexOf(NEWLINE, end);
    if (found < 0) return chunk;
    end = found + 1;
  }
  return chunk.subarray(0, end);
}

function countLines(chunk: Buffer): number {
  let lines = 0;
  for (const byte of chunk) if (byte === NEWLINE) lines += 1;
  return lines;
}

async function tail(process: BoardProcess): Promise<number> {
  const options = parseOptions(withCount(process.args), { letters: 'n:c:q', long: { lines: 'n', bytes: 'c' } });
  const byBytes = has(options, 'c');
  const text = valueOf(options, 'c') ?? valueOf(options, 'n') ?? '10';
  const number = count(text, byBytes ? 'bytes' : 'lines');
  return forEachInput(process, options.operands, async input => {
    const pieces = byBytes ? input.chunks() : linesOf(input.chunks());
    const sizeOf = (piece: Buffer): number => (byBytes ? piece.length : 1);
    if (text.startsWith('+')) await printFrom(process, { pieces, sizeOf }, number);
    else await printLast(process, { pieces, sizeOf }, number);
  });
}

/** Lines, or chunks of bytes, and how much each counts. */
interface Pieces {
  readonly pieces: AsyncIterable<Buffer>;
  readonly sizeOf: (piece: Buffer) => number;
}

/** From the piece that has this number on; the first is number 1. */
async function printFrom(process: BoardProcess, { pieces, sizeOf }: Pieces, first: number): Promise<void> {
  let passed = 0;
  for await (const piece of pieces) {
    const skipped = Math.max(0, first - 1 - passed);
    const size = sizeOf(piece);
    if (skipped < size) await process.print(size === piece.length ? piece.subarray(skipped) : piece);
    passed += size;
  }
}

async function printLast(process: BoardProcess, { pieces, sizeOf }: Pieces, number: number): Promise<void> {
  const kept: Buffer[] = [];
  let keptSize = 0;
  for await (const piece of pieces) {
    kept.push(piece);
    keptSize += sizeOf(piece);
    for (let oldest = kept[0]; oldest !== undefined && keptSize - sizeOf(oldest) >= number; oldest = kept[0]) {
      keptSize -= sizeOf(oldest);
      kept.shift();
    }
  }
  const whole = Buffer.concat(kept);
  const isCutInside = keptSize === whole.length;
  await process.print(isCutInside ? whole.subarray(Math.max(0, keptSize - number)) : whole);
}

async function tee(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'ai' });
  const outputs: Awaited<ReturnType<typeof openOutput>>[] = [];
  try {
    const status = await process.forEach(options.operands, async path => {
      outputs.push(await openOutput(process.files, path, { append: has(options, 'a') }));
    });
    for await (const chunk of process.chunks()) {
      await process.print(chunk);
      for (const { stream } of outputs) await stream.write(chunk, process.signal);
    }
    return status;
  } finally {
    for (const output of outputs) await output.close();
  }
}

async function wc(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'lwcm', long: { lines: 'l', words: 'w', bytes: 'c' } });
  const all = !has(options, 'lwcm');
  const total = { lines: 0, words: 0, bytes: 0 };
  const line = (counts: typeof total, name: string): string => {
    const numbers = [
      ...(all || has(options, 'l') ? [counts.lines] : []),
      ...(all || has(options, 'w') ? [counts.words] : []),
      ...(all || has(options, 'cm') ? [counts.bytes] : []),
    ].map(String);
    const padded = numbers.length === 1 ? numbers : numbers.map(number => number.padStart(7));
    return `${padded.join(' ')}${name === '-' ? '' : ` ${name}`}\n`;
  };
  const status = await forEachInput(process, options.operands, async input => {
    const counts = { lines: 0, words: 0, bytes: 0 };
    let inWord = false;
    for await (const chunk of input.chunks()) {
      counts.bytes += chunk.length;
      for (const byte of chunk) {
        if (byte === 0x0a) counts.lines += 1;
        const isSpace = byte === 0x20 || (byte >= 9 && byte <= 13);
        if (!isSpace && !inWord) counts.words += 1;
        inWord = !isSpace;
      }
    }
    for (const key of ['lines', 'words', 'bytes'] as const) total[key] += counts[key];
    await process.print(line(counts, input.name));
  });
  if (options.operands.length > 1) await process.print(line(total, 'total'));
  return status;
}

async function sort(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'bnrufzVk:t:o:', long: { unique: 'u', reverse: 'r' } });
  const end = has(options, 'z') ? 0 : 0x0a;
  const lines: string[] = [];
  const status = await forEachInput(process, options.operands, async input => {
    for await (const line of linesOf(input.chunks(), end)) {
      lines.push(line.at(-1) === end ? line.subarray(0, -1).toString() : line.toString());
    }
  });
  const key = keyReader(valueOf(options, 'k'), valueOf(options, 't'));
  const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const compare = (a: string, b: string): number => {
    const [left, right] = [key(a), key(b)];
    if (has(options, 'n')) return (parseFloat(left) || 0) - (parseFloat(right) || 0) || byText(a, b);
    return byText(left, right) || byText(a, b);
  };
  lines.sort(has(options, 'r') ? (a, b) => compare(b, a) : compare);
  const kept = has(options, 'u') ? lines.filter((line, index) => line !== lines[index - 1]) : lines;
  const separator = String.fromCharCode(end);
  await process.print(kept.map(line => `${line}${separator}`).join(''));
  return status;
}

function keyReader(key: string | undefined, separator: string | undefined): (line: string) => string {
  if (key === undefined) return line => line;
  const field = Math.max(1, parseInt(key, 10) || 1);
  return line =>
    line
      .split(separator ?? /\s+/)
      .slice(field - 1)
      .join(' ');
}

async function uniq(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'cdu' });
  let last: string | undefined;
  let times = 0;
  const flush = async (): Promise<void> => {
    const isWanted = (!has(options, 'd') || times > 1) && (!has(options, 'u') || times === 1);
    if (last === undefined || !isWanted) return;
    await process.print(has(options, 'c') ? `${String(times).padStart(7)} ${last}\n` : `${last}\n`);
  };
  const status = await forEachInput(process, options.operands.slice(0, 1), async input => {
    for await (const line of linesOf(input.chunks())) {
      const text = lineText(line);
      if (text !== last) {
        await flush();
        times = 0;
      }
      last = text;
      times += 1;
    }
  });
  await flush();
  return status;
}

async function cut(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'd:f:c:b:s' });
  const byCharacter = valueOf(options, 'c') ?? valueOf(options, 'b');
  const ranges = parseRanges(byCharacter ?? valueOf(options, 'f') ?? '');
  const delimiter = valueOf(options, 'd') ?? '\t';
  return forEachInput(process, options.operands, async input => {
    for await (const line of linesOf(input.chunks())) {
      const text = lineText(line);
      const pieces = byCharacter === undefined ? text.split(delimiter) : Array.from(text);
      const isWhole = byCharacter === undefined && pieces.length === 1;
      if (isWhole && has(options, 's')) continue;
      const kept = pieces.filter((_, index) => ranges.some(([from, to]) => from <= index + 1 && index + 1 <= to));
      await process.print(`${isWhole ? text : kept.join(byCharacter === undefined ? delimiter : '')}\n`);
    }
  });
}

function parseRanges(text: string): (readonly [from: number, to: number])[] {
  return text.split(',').map(range => {
    const match = /^(\d*)(-?)(\d*)$/.exec(range);
    if (match === null || range === '' || range === '-') throw new ProgramError('fields are numbered from 1');
    const from = match[1] === '' ? 1 : Number(match[1]);
    return [from, match[2] === '' ? from : match[3] === '' ? Infinity : Number(match[3])];
  });
}

async function tr(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'dscC' });
  const [from = [], to = []] = options.operands.map(characterSet);
  const isComplement = has(options, 'cC');
  const replacement = (byte: number): number | undefined => {
    const index = from.indexOf(byte);
    const isIn = isComplement ? index < 0 : index >= 0;
    if (!isIn) return byte;
    return has(options, 'd') ? undefined : (to[isComplement ? to.length - 1 : index] ?? to.at(-1) ?? byte);
  };
  const table = Array.from({ length: 256 }, (_, byte) => replacement(byte));
  let last: number | undefined;
  for await (const chunk of process.chunks()) {
    const out: number[] = [];
    for (const byte of chunk) {
      const value = table[byte];
      if (value === undefined) continue;
      const squeezed = has(options, 's') && value === last && (to.length > 0 ? to : from).includes(value);
      if (!squeezed) out.push(value);
      last = value;
    }
    await process.print(Buffer.from(out));
  }
  return 0;
}

const SETS: Readonly<Record<string, string>> = {
  '[:upper:]': 'A-Z',
  '[:lower:]': 'a-z',
  '[:digit:]': '0-9',
  '[:alpha:]': 'A-Za-z',
  '[:alnum:]': 'A-Za-z0-9',
  '[:space:]': ' \\t\\n\\v\\f\\r',
};
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f', 0: '\0' };

function characterSet(text: string): number[] {
  const plain = text
    .replace(/\[:\w+:\]/g, name => SETS[name] ?? name)
    .replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter);
  const bytes: number[] = [];
  for (const [whole, from, to] of plain.matchAll(/([^])-([^])|[^]/g)) {
    if (from === undefined || to === undefined) bytes.push(whole.charCodeAt(0) & 255);
    else for (let code = from.charCodeAt(0); code <= to.charCodeAt(0) && code < 256; code++) bytes.push(code);
  }
  return bytes;
}
