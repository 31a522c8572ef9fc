import { execFileSync } from 'node:child_process';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
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
    const damaged = damage(await readFile(kept));
    await writeFile(kept, damaged);

    const second = new CodeCache(folder);
    t.regex(run(second, main), /^[\\/]{2}$/);
    second.save();
    t.false(damaged.equals(await readFile(kept)));
  }
});

/** Declares a test of owners and modes, which Windows does not have; only root can give a file away. */
function withOwners(title: string, check: (t: ExecutionContext) => Promise<void>, needsRoot = false): void {
  const lack = !isPosix
    ? 'Windows has no such owners and modes'
    : needsRoot && process.getuid?.() !== 0
      ? 'it takes root'
      : '';
  if (lack === '') test(title, check);
  else test.skip(`${title} (skipped: ${lack})`, check);
}

/** Names of what is kept, after the program has run with the folder once more. */
async function runAgain({ main, folder }: { main: string; folder: string }, t: ExecutionContext): Promise<string[]> {
  const cache = new CodeCache(folder);
  t.regex(run(cache, main), /^[\\/]{2}$/);
  cache.save();
  return (await readdir(folder)).sort();
}

withOwners('a folder that others can write to is not used', async t => {
  const place = await program(t);
  await mkdir(place.folder, { recursive: true });
  await chmod(place.folder, 0o777);
  t.deepEqual(await runAgain(place, t), []);
});

withOwners(
  'in the home of somebody else nothing is made',
  async t => {
    const { main, folder } = await program(t);
    const home = join(folder, '..', '..', 'home');
    await mkdir(home);
    await chown(home, 12_345, 12_345);
    const cache = new CodeCache(join(home, '.cache', 'mdt'));
    t.regex(run(cache, main), /^[\\/]{2}$/);
    cache.save();
    t.deepEqual(await readdir(home), []);
  },
  true,
);

/** Lets the program keep its code, changes what is kept, and tells whether the next run has put it right. */
async function isReplaced(t: ExecutionContext, change: (path: string) => Promise<void>): Promise<boolean> {
  const place = await program(t);
  const [name = ''] = await runAgain(place, t);
  const path = join(place.folder, name);
  await change(path);
  const before = await lstat(path);
  await runAgain(place, t);
  const after = await lstat(path);
  t.true(after.isFile());
  return after.ino !== before.ino && (after.mode & 0o777) === 0o600;
}

withOwners('code that others could have written, or that is no file of its own, is not run', async t => {
  t.false(await isReplaced(t, () => Promise.resolve()));
  t.true(await isReplaced(t, path => chmod(path, 0o622)));
  t.true(
    await isReplaced(t, async path => {
      await rename(path, `${path}.moved`);
      await symlink(`${path}.moved`, path);
    }),
  );
  t.true(
    await isReplaced(t, async path => {
      await rm(path);
      execFileSync('mkfifo', [path]);
    }),
  );
});

withOwners(
  'code that belongs to somebody else is not run',
  async t => {
    t.true(await isReplaced(t, path => chown(path, 12_345, 12_345)));
  },
  true,
);

test('code of another source is not run, even if that has the same name and length', async t => {
  const { main, folder } = await program(t);
  const first = new CodeCache(folder);
  run(first, main);
  first.save();
  const source = await readFile(main, 'utf8');
  await writeFile(main, source.replace('twice(sep)', `twice('x')`));
  t.is(run(new CodeCache(folder), main), 'xx');
});

test('what cannot be put in place leaves nothing behind', async t => {
  const place = await program(t);
  const [name = ''] = await runAgain(place, t);
  await rm(place.folder, { recursive: true });
  await mkdir(join(place.folder, name, 'in the way'), { recursive: true, mode: 0o700 });
  t.deepEqual(await runAgain(place, t), [name]);
});

test('where nothing can be kept, everything runs as well', async t => {
  const { main } = await program(t);
  for (const folder of [undefined, join(main, 'below a file'), join(main, 'further', 'below', 'a file')]) {
    const cache = new CodeCache(folder);
    t.regex(run(cache, main), /^[\\/]{2}$/);
    t.notThrows(() => {
      cache.save();
    });
  }
});

test('of many files the oldest go', async t => {
  const place = await program(t);
  await mkdir(place.folder, { recursive: true, mode: 0o700 });
  const names = Array.from({ length: 1100 }, (_, index) => `old-${String(index).padStart(4, '0')}.cjs.v1`);
  for (const [index, name] of names.entries()) {
    await writeFile(join(place.folder, name), '');
    const then = new Date(Date.now() - (names.length - index) * 1000);
    await utimes(join(place.folder, name), then, then);
  }
  const kept = await runAgain(place, t);
  t.is(kept.length, 1000);
  t.true(kept[0]?.startsWith('main.cjs'));
  t.deepEqual(kept.slice(1, -1), names.slice(-998));
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
