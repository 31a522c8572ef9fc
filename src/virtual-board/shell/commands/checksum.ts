import { createHash } from 'node:crypto';
import { forEachInput, lineText, linesOf } from '../inputs.js';
import { has, parseOptions } from '../options.js';
import { errnoText } from '../../storage/errno.js';
import { isFileError, type BoardProcess, type Program } from '../program.js';

/** `sha256sum` and its like: sums of files, or `-c` to compare with a list of them. */
export const checksumPrograms: Readonly<Record<string, Program>> = {
  md5sum: process => checksum(process, 'md5'),
  sha1sum: process => checksum(process, 'sha1'),
  sha256sum: process => checksum(process, 'sha256'),
  sha512sum: process => checksum(process, 'sha512'),
};

async function checksum(process: BoardProcess, algorithm: string): Promise<number> {
  const options = parseOptions(process.args, {
    letters: 'bctzqw',
    long: { binary: 'b', check: 'c', text: 't', zero: 'z', quiet: 'q', status: 'q' },
  });
  if (has(options, 'c')) return compare(process, algorithm, { lists: options.operands, quiet: has(options, 'q') });
  return forEachInput(process, options.operands, async input => {
    const sum = await sumOf(algorithm, input.chunks());
    if (has(options, 'z')) {
      await process.print(`${sum}  ${input.name}\0`);
      return;
    }
    // A line that begins with a backslash says that the name has escapes.
    const escaped = input.name.replace(/[\\\n]/g, character => (character === '\n' ? '\\n' : '\\\\'));
    await process.print(`${escaped === input.name ? '' : '\\'}${sum}  ${escaped}\n`);
  });
}

async function sumOf(algorithm: string, chunks: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

async function compare(
  process: BoardProcess,
  algorithm: string,
  { lists, quiet }: { readonly lists: readonly string[]; readonly quiet: boolean },
): Promise<number> {
  let failed = 0;
  const status = await forEachInput(process, lists, async list => {
    for await (const line of linesOf(list.chunks())) {
      const match = /^([0-9a-f]+) [ *](.+)$/.exec(lineText(line));
      if (match === null) continue;
      const [, expected = '', name = ''] = match;
      const sum = await fileSum(process, algorithm, name);
      if (sum !== expected) failed += 1;
      if (sum !== expected || !quiet) await process.print(`${name}: ${sum === expected ? 'OK' : 'FAILED'}\n`);
    }
  });
  if (failed > 0) await process.complain(`WARNING: ${String(failed)} computed checksum did NOT match`);
  return failed > 0 ? 1 : status;
}

async function fileSum(process: BoardProcess, algorithm: string, name: string): Promise<string | undefined> {
  try {
    await using file = await process.files.open(process.path(name), { read: true });
    return await sumOf(algorithm, file.chunks());
  } catch (error) {
    if (!isFileError(error)) throw error;
    await process.complain(`${name}: ${errnoText(error)}`);
    return undefined;
  }
}
