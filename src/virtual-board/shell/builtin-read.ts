import { has, parseOptions, valueOf } from './options.js';
import type { Running, Shell } from './shell.js';
import type { Input } from './streams.js';

interface Call {
  readonly shell: Shell;
  readonly running: Running;
  readonly args: readonly string[];
}

const NEWLINE = 0x0a;
const MAX_LINE_BYTES = 1024 * 1024;

/** `read [-r] [-p prompt] name…`: one line of the input into variables; 1 at the end of the input. */
export async function readBuiltin({ shell, running, args }: Call): Promise<number> {
  const { state } = shell;
  const options = parseOptions(args, { letters: 'rp:' });
  const names = options.operands;
  const raw = has(options, 'r');
  const prompt = valueOf(options, 'p');
  if (prompt !== undefined) await running.streams.stderr.write(Buffer.from(prompt), running.signal);
  const line = await readLine(running.streams.stdin, running.signal);
  const text = (line?.text ?? '').replace(/\r?\n$/, '');
  const fields = splitLine(
    raw ? text : text.replace(/\\(.)/g, '$1'),
    state.parameter('IFS') ?? ' \t\n',
    names.length || 1,
  );
  for (const [index, name] of (names.length > 0 ? names : ['REPLY']).entries()) {
    state.variables.set(name, fields[index] ?? '');
  }
  return line?.ended === true ? 0 : 1;
}

/** Reads up to the end of a line and gives the rest back; undefined at the end of the input. */
export async function readLine(
  input: Input,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly ended: boolean } | undefined> {
  const chunks: Buffer[] = [];
  for (let bytes = 0; bytes < MAX_LINE_BYTES;) {
    const chunk = await input.read(signal);
    if (chunk === undefined) break;
    const end = chunk.indexOf(NEWLINE);
    if (end >= 0) {
      input.unread(chunk.subarray(end + 1));
      chunks.push(chunk.subarray(0, end + 1));
      return { text: Buffer.concat(chunks).toString(), ended: true };
    }
    chunks.push(chunk);
    bytes += chunk.length;
  }
  return chunks.length === 0 ? undefined : { text: Buffer.concat(chunks).toString(), ended: false };
}

/** The last field takes the rest of the line. */
function splitLine(line: string, separators: string, count: number): string[] {
  const isSeparator = (character: string | undefined): boolean =>
    character !== undefined && separators.includes(character);
  const isBlank = (character: string | undefined): boolean => isSeparator(character) && /\s/.test(character ?? '');
  const fields: string[] = [];
  let at = 0;
  while (isBlank(line[at])) at += 1;
  while (fields.length < count - 1 && at < line.length) {
    const start = at;
    while (at < line.length && !isSeparator(line[at])) at += 1;
    fields.push(line.slice(start, at));
    while (isBlank(line[at])) at += 1;
    if (isSeparator(line[at])) at += 1;
  }
  let end = line.length;
  while (end > at && isBlank(line[end - 1])) end -= 1;
  fields.push(line.slice(at, end));
  return fields;
}
