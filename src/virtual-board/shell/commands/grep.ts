import { posix } from 'node:path';
import { forEachInput, lineText, linesOf, type NamedInput } from '../inputs.js';
import { has, parseOptions, valueOf, type Options } from '../options.js';
import { ProgramError, type BoardProcess } from '../program.js';

const MAX_LINE_LENGTH = 10_000;

/** `grep` with -E -F -q -v -c -n -i -l -o -x -w -r -s -h -H -m -e; basic expressions are read as extended ones. */
export async function grep(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, {
    letters: 'EFGPqvcniloxwrRshHam:e:',
    long: { quiet: 'q', count: 'c', 'invert-match': 'v', 'ignore-case': 'i', 'fixed-strings': 'F', recursive: 'r' },
  });
  const operands = [...options.operands];
  const patterns = options.values.get('e') ?? [operands.shift() ?? ''];
  const matcher = compile(patterns, options, process.options.name === 'fgrep');
  const paths = has(options, 'rR') ? await filesBelow(process, operands.length > 0 ? operands : ['.']) : operands;
  const matched = new Set<string>();
  const isNamed = (paths.length > 1 || has(options, 'rRH')) && !has(options, 'h');
  const status = await forEachInput(process, paths, async input => {
    const prefix = isNamed ? `${input.name}:` : '';
    if (await search(process, options, { input, matcher, prefix })) matched.add(input.name);
  });
  if (matched.size > 0) return 0;
  return status === 0 ? 1 : 2;
}

interface Search {
  readonly input: NamedInput;
  readonly matcher: RegExp;
  readonly prefix: string;
}

async function search(process: BoardProcess, options: Options, { input, matcher, prefix }: Search): Promise<boolean> {
  const limit = Number(valueOf(options, 'm') ?? Infinity);
  const isQuiet = has(options, 'qlc');
  let matches = 0;
  let number = 0;
  for await (const line of linesOf(input.chunks())) {
    number += 1;
    const text = lineText(line).slice(0, MAX_LINE_LENGTH);
    if (new RegExp(matcher).test(text) === has(options, 'v')) continue;
    matches += 1;
    if (!isQuiet) {
      const place = has(options, 'n') ? `${prefix}${String(number)}:` : prefix;
      const shown = has(options, 'o') ? [...text.matchAll(matcher)].map(match => match[0]) : [lineText(line)];
      for (const item of shown) await process.print(`${place}${item}\n`);
    }
    if (has(options, 'q') || matches >= limit) break;
  }
  if (has(options, 'l') && matches > 0) await process.print(`${input.name}\n`);
  else if (has(options, 'c') && !has(options, 'q')) await process.print(`${prefix}${String(matches)}\n`);
  return matches > 0;
}

function compile(patterns: readonly string[], options: Options, isFixed: boolean): RegExp {
  const sources = patterns
    .flatMap(pattern => pattern.split('\n'))
    .map(pattern => {
      if (isFixed || has(options, 'F')) return pattern.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
      return has(options, 'EP') ? pattern : basicToExtended(pattern);
    })
    .map(source => (has(options, 'w') ? `\\b(?:${source})\\b` : source))
    .map(source => (has(options, 'x') ? `^(?:${source})$` : source));
  const source = sources.join('|').replace(/\[\[:(\w+):\]\]/g, (_, name: string) => CLASSES[name] ?? '');
  try {
    return new RegExp(source, `g${has(options, 'i') ? 'i' : ''}`);
  } catch {
    throw new ProgramError('Invalid regular expression', 2);
  }
}

const CLASSES: Readonly<Record<string, string>> = {
  digit: '\\d',
  space: '\\s',
  alpha: '[A-Za-z]',
  alnum: '[A-Za-z0-9]',
};

/** In a basic expression `\(`, `\{`, `\|`, `\+` and `\?` mean something, and the bare ones do not. */
function basicToExtended(pattern: string): string {
  return pattern.replace(/\\([(){}|+?])|[(){}|+?]|\\./g, (whole, escaped: string | undefined) => {
    if (escaped !== undefined) return escaped;
    return whole.startsWith('\\') ? whole : `\\${whole}`;
  });
}

async function filesBelow(process: BoardProcess, operands: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const operand of operands) {
    const path = process.path(operand);
    const stats = await process.files.lstat(path).catch(() => undefined);
    if (stats?.isDirectory() !== true) {
      if (stats?.isSymbolicLink() !== true) found.push(operand);
      continue;
    }
    const names = await process.files.readdir(path);
    found.push(
      ...(await filesBelow(
        process,
        names.map(name => posix.join(operand, name)),
      )),
    );
  }
  return found;
}
