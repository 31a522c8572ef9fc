import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { isPackageName, parseControl, readDebControl, readDebHead } from '../../src/files/deb.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { HELLO_CONTROL, writeDeb } from './deb-fixture.js';

const withDpkg = spawnSync('dpkg-deb', ['--version']).status === 0 ? test : test.skip;

test('name, version, architecture and dependencies are read from the control file', async t => {
  const dir = await tempDir(t);
  for (const compression of ['gz', ''] as const) {
    await writeDeb(join(dir, "it's a.deb"), { control: HELLO_CONTROL, compression });
    t.deepEqual(await readDebControl(join(dir, "it's a.deb")), {
      packageName: 'hello-coral',
      version: '1:2.0-1',
      architecture: 'all',
      dependencies: ['libc6 (>= 2.14)', 'python3 | python2'],
    });
  }
});

test('a control file that this host cannot unpack is left to the board, with the head of the package', async t => {
  const dir = await tempDir(t);
  await writeDeb(join(dir, 'a.deb'), { control: HELLO_CONTROL, compression: 'xz' });
  const head = await readDebHead(join(dir, 'a.deb'));
  if (head.control.kind !== 'compressed') return t.fail();
  t.is(head.control.compression, 'xz');
  const whole = await readFile(join(dir, 'a.deb'));
  t.deepEqual(whole.subarray(0, head.control.head.length), head.control.head);
  t.true(head.control.head.length < whole.length);
  t.is(await readDebControl(join(dir, 'a.deb')), undefined);
});

withDpkg('packages built by dpkg-deb are read, and the head of one it compressed with xz is enough for it', async t => {
  const dir = await tempDir(t);
  await mkdir(join(dir, 'tree', 'DEBIAN'), { recursive: true });
  await writeFile(join(dir, 'tree', 'DEBIAN', 'control'), HELLO_CONTROL);
  for (const compression of ['gzip', 'none', 'xz']) {
    const path = join(dir, `${compression}.deb`);
    execFileSync('dpkg-deb', ['--uniform-compression', `-Z${compression}`, '--build', join(dir, 'tree'), path]);
    const head = await readDebHead(path);
    if (head.control.kind === 'read') {
      t.is(head.control.control.packageName, 'hello-coral');
    } else {
      await writeFile(join(dir, 'head.deb'), head.control.head);
      const text = execFileSync('dpkg-deb', ['--field', join(dir, 'head.deb')], { encoding: 'utf8' });
      t.is(parseControl(text, path).version, '1:2.0-1');
    }
  }
});

test('what is no package, or is cut off, is refused and named', async t => {
  const dir = await tempDir(t);
  const path = join(dir, 'a.deb');
  await writeFile(path, 'hello');
  await t.throwsAsync(readDebHead(path), { code: 'FILE', message: /a\.deb is not a Debian package/ });
  await writeDeb(path, { control: HELLO_CONTROL });
  await truncate(path, 200);
  await t.throwsAsync(readDebHead(path), { code: 'FILE', message: /cut off/ });
  await t.throwsAsync(readDebHead(join(dir, 'none.deb')), { code: 'FILE' });
  await t.throwsAsync(readDebHead(dir), { code: 'FILE' });
  await writeDeb(path, { control: 'Package: ../x\nVersion: 1\nArchitecture: all\n' });
  await t.throwsAsync(readDebHead(path), { code: 'FILE', message: /names no package/ });
});

test('a control member with a size that is no whole number is refused', async t => {
  const dir = await tempDir(t);
  const path = join(dir, 'a.deb');
  for (const compression of ['gz', ''] as const) {
    await writeDeb(path, { control: HELLO_CONTROL, compression, pax: 'size=1.5' });
    await t.throwsAsync(readDebHead(path), { code: 'FILE' });
  }
});

test('damaged packages are refused with a FileError or read, never anything else', async t => {
  const dir = await tempDir(t);
  const path = join(dir, 'a.deb');
  await writeDeb(path, { control: HELLO_CONTROL });
  const good = await readFile(path);
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), async (at, value) => {
      const damaged = Buffer.from(good);
      damaged[at] = value;
      await writeFile(path, damaged);
      await readDebHead(path).then(
        () => t.pass(),
        (error: unknown) => t.is((error as { code?: string }).code, 'FILE'),
      );
    }),
    { numRuns: 100 },
  );
});

test('package names follow Debian policy', t => {
  for (const name of ['libc6', 'g++', '0ad', 'a.b-c', 'libc6:arm64']) t.true(isPackageName(name), name);
  for (const name of ['', 'a', '-x', 'A', 'a b', 'a;b', "a'b", 'a\nb', '../a', 'a:'])
    t.false(isPackageName(name), name);
});
