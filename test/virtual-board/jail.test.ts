import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { resolveInside } from '../../src/virtual-board/storage/jail.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { shellOnBoard } from './shell-on-board.js';

const withSymlinks = process.platform === 'win32' ? test.skip : test;

/** A folder beside the board's with something that nobody on the board may see or change. */
async function withSecret(t: ExecutionContext): Promise<{ rootDir: string; secret: string }> {
  const folder = await tempDir(t);
  const rootDir = join(folder, 'root');
  const secret = join(folder, 'secret');
  await mkdir(join(rootDir, 'home'), { recursive: true });
  await writeFile(secret, 'untouched');
  return { rootDir, secret };
}

test('`..` ends at the root of the board', async t => {
  const { rootDir } = await withSecret(t);
  t.is(await resolveInside(rootDir, '/../../secret'), '/secret');
  t.is(await resolveInside(rootDir, '/home/../../../secret'), '/secret');
  t.is(await resolveInside(rootDir, '/..'), '/');
  t.is(await resolveInside(rootDir, '//home/./x'), '/home/x');
});

withSymlinks('symlinks are followed inside the board only, whatever they point to', async t => {
  const { rootDir, secret } = await withSecret(t);
  await symlink(secret, join(rootDir, 'absolute'));
  await symlink('../secret', join(rootDir, 'relative'));
  await symlink('../../..', join(rootDir, 'home', 'up'));
  await symlink('/', join(rootDir, 'top'));
  t.is(await resolveInside(rootDir, '/relative'), '/secret');
  t.is(await resolveInside(rootDir, '/home/up/secret'), '/secret');
  t.is(await resolveInside(rootDir, '/top/top/home'), '/home');
  await t.throwsAsync(resolveInside(rootDir, '/absolute'), { code: 'ENOENT' });
  t.is(await resolveInside(rootDir, '/absolute', { followLast: false }), '/absolute');
});

withSymlinks('a loop of symlinks ends with an error', async t => {
  const { rootDir } = await withSecret(t);
  await symlink('b', join(rootDir, 'a'));
  await symlink('a', join(rootDir, 'b'));
  await t.throwsAsync(resolveInside(rootDir, '/a'), { code: 'ELOOP' });
  await t.throwsAsync(resolveInside(rootDir, '/a/b/c'), { code: 'ELOOP' });
});

test('names that no board can have are refused', async t => {
  const { rootDir } = await withSecret(t);
  await t.throwsAsync(resolveInside(rootDir, ''), { code: 'ENOENT' });
  await t.throwsAsync(resolveInside(rootDir, '/a\0b'), { code: 'EINVAL' });
  await t.throwsAsync(resolveInside(rootDir, `/${'a'.repeat(5000)}`), { code: 'ENAMETOOLONG' });
  await writeFile(join(rootDir, 'file'), '');
  await t.throwsAsync(resolveInside(rootDir, '/file/below'), { code: 'ENOTDIR' });
  await t.throwsAsync(resolveInside(rootDir, '/nothing/below'), { code: 'ENOENT' });
});

withSymlinks('no path made of links and dots leads out', async t => {
  const { rootDir } = await withSecret(t);
  await symlink('..', join(rootDir, 'home', 'dots'));
  await symlink('/home/dots/../..', join(rootDir, 'far'));
  const part = fc.constantFrom('..', '.', '', 'home', 'dots', 'far', 'secret', 'root');
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 12 }), async parts => {
      const resolved = await resolveInside(rootDir, `/${parts.join('/')}`).catch(() => '/');
      t.false(resolved.split('/').includes('..'));
      t.false(resolved.startsWith('//'));
    }),
  );
});

withSymlinks('programs of the board neither read nor write outside, by any of these ways', async t => {
  const { path, run } = await shellOnBoard(t);
  const inside = 'secret';
  const outside = join(path('/'), '..', inside);
  await writeFile(outside, 'untouched');
  await run(
    `sudo ln -s ../../../../../../../..${outside} /home/mendel/link; ln -s ${outside} absolute; ln -s ../../.. up`,
  );
  const attempts = [
    'cat /home/mendel/link',
    'cat absolute',
    `cat up/${inside}`,
    `cat ../../../../..${outside}`,
    `echo hacked > absolute`,
    `sudo sh -c 'echo hacked > /home/mendel/link'`,
    `sudo cp /etc/hostname /../${inside}x && cat /${inside}x`,
    `cd up && cat ../${inside}`,
    `sudo ln /etc/hostname ../../../${inside}y`,
    `find / -name '${inside}'`,
    `tar -cf - -C / ../${inside}`,
  ];
  for (const attempt of attempts) {
    const { out } = await run(attempt);
    t.false(out.includes('untouched'), attempt);
  }
  t.is((await readFile(outside)).toString(), 'untouched');
  await t.throwsAsync(readFile(`${outside}x`), { code: 'ENOENT' });
  await t.throwsAsync(readFile(`${outside}y`), { code: 'ENOENT' });
});
