import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CodeCache } from '../../../src/cli/start/code-cache.js';
import { tempDir } from '../../fixtures/temp-dir.js';

/** Two files, of which one asks for the other and for a part of Node; and a folder for the code, yet to be made. */
async function program(t: ExecutionContext): Promise<{ main: string; folder: string }> {
  const root = await tempDir(t);
  const main = join(root, 'main.cjs');
  await writeFile(
    main,
    `const { sep } = require('node:path'); const { twice } = require('./part.cjs'); exports.run = () => twice(sep);`,
  );
  await writeFile(join(root, 'part.cjs'), `exports.twice = text => text + text; exports.file = __filename;`);
  return { main, folder: join(root, 'cache', 'code') };
}

function run(cache: CodeCache, main: string): string {
  return (cache.load(main) as { run: () => string }).run();
}

const isPosix = process.platform !== 'win32';

test('files are loaded as require() loads them, each once', async t => {
  const { main, folder } = await program(t);
  const cache = new CodeCache(folder);
  t.regex(run(cache, main), /^[\\/]{2}$/);
  t.is(cache.load(main), cache.load(main));
  t.is((cache.load(join(main, '..', 'part.cjs')) as { file: string }).file, join(main, '..', 'part.cjs'));
});

test('what was compiled is kept, and taken from there the next time', async t => {
  const { main, folder } = await program(t);
  const first = new CodeCache(folder);
  run(first, main);
  first.save();
  const kept = await readdir(folder);
  t.deepEqual(
    kept.sort(),
    ['main.cjs', 'part.cjs'].map(name => `${name}.${process.version}-${process.arch}`),
  );
  if (isPosix) t.is((await stat(folder)).mode & 0o777, 0o700);
  const earlier = new Date(Math.floor(Date.now() / 1000 - 60) * 1000);
  for (const name of kept) await utimes(join(folder, name), earlier, earlier);

  const second = new CodeCache(folder);
  run(second, main);
  second.save();
  for (const name of kept) t.is((await stat(join(folder, name))).mtimeMs, earlier.getTime(), 'was written again');
});

test('damaged code is not run: it is compiled again, and replaced', async t => {
  for (const damage of [
    (code: Buffer) => code.subarray(0, code.length / 2),
    (code: Buffer) => Buffer.alloc(code.length),
    () => Buffer.alloc(2),
    (code: Buffer) => {
      code.writeUInt8(code.readUInt8(code.length - 20) ^ 0xff, code.length - 20);
      return code;
    },
  ]) {
    const { main, folder } = await program(t);
    const first = new CodeCache(folder);
    run(first, main);
    first.save();
    const kept = join(folder, (await readdir(folder)).sort()[0] ?? '');
    const before = await readFile(kept);
    await writeFile(kept, damage(Buffer.from(before)));

    const second = new CodeCache(folder);
    t.regex(run(second, main), /^[\\/]{2}$/);
    second.save();
    t.is((await readFile(kept)).length, before.length);
  }
});

test('a folder that others can write to is not used', async t => {
  if (!isPosix) {
    t.pass('Windows has no such modes.');
    return;
  }
  const { main, folder } = await program(t);
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o777);
  const cache = new CodeCache(folder);
  t.regex(run(cache, main), /^[\\/]{2}$/);
  cache.save();
  t.deepEqual(await readdir(folder), []);
});

test('where nothing can be kept, everything runs as well', async t => {
  const { main } = await program(t);
  for (const folder of [undefined, join(main, 'below a file')]) {
    const cache = new CodeCache(folder);
    t.regex(run(cache, main), /^[\\/]{2}$/);
    t.notThrows(() => {
      cache.save();
    });
  }
});

test('what nobody has needed for a month goes', async t => {
  const { main, folder } = await program(t);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const old = join(folder, 'old.cjs.v1');
  await writeFile(old, '');
  const then = new Date(Date.now() - 31 * 24 * 3_600_000);
  await utimes(old, then, then);
  const cache = new CodeCache(folder);
  run(cache, main);
  cache.save();
  t.false((await readdir(folder)).includes('old.cjs.v1'));
});
