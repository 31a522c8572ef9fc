import { openInput } from '../file-streams.js';
import { has, parseOptions } from '../options.js';
import { ProgramError, type BoardProcess } from '../program.js';
import type { Input } from '../streams.js';

/** `cmp [-s] FILE FILE`, either of them `-`: 0 if they are the same, 1 if not. */
export async function cmp(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'sl', long: { quiet: 's', silent: 's' } });
  const [left = '', right = '-'] = options.operands;
  if (left === '') throw new ProgramError('missing operand', 2);
  const difference = await withInput(process, left, a =>
    withInput(process, right, b => firstDifference(process, a, b)),
  );
  if (difference === undefined) return 0;
  if (!has(options, 's')) await process.print(`${left} ${right} differ: byte ${String(difference + 1)}\n`);
  return 1;
}

async function withInput<T>(process: BoardProcess, name: string, work: (input: Input) => Promise<T>): Promise<T> {
  if (name === '-') return work(process.options.stdin);
  const opened = await openInput(process.files, process.path(name)).catch(() => {
    throw new ProgramError(`${name}: No such file or directory`, 2);
  });
  try {
    return await work(opened.stream);
  } finally {
    await opened.close();
  }
}

async function firstDifference(process: BoardProcess, left: Input, right: Input): Promise<number | undefined> {
  for (let at = 0; ;) {
    const [a, b] = [await left.read(process.signal), await right.read(process.signal)];
    if (a === undefined || b === undefined) return a === b ? undefined : at;
    const length = Math.min(a.length, b.length);
    if (!a.subarray(0, length).equals(b.subarray(0, length))) {
      let same = 0;
      while (a[same] === b[same]) same += 1;
      return at + same;
    }
    left.unread(a.subarray(length));
    right.unread(b.subarray(length));
    at += length;
  }
}
