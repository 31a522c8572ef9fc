import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { formatFastbootTarget } from '../../src/device/fastboot-target.js';
import { mdt, type Outcome } from '../fakes/cli-io.js';
import { diskWith, startTarget, type TargetDesk, type TargetOptions } from '../fakes/fastboot/target-desk.js';

interface Desk extends TargetDesk {
  /** Runs `mdt fastboot -s BOARD …`. */
  readonly run: (...words: string[]) => Promise<Outcome>;
}

async function desk(t: ExecutionContext, options: TargetOptions = {}): Promise<Desk> {
  const target = await startTarget(t, 'tcp', options);
  const selector = formatFastbootTarget(target.target);
  return {
    ...target,
    run: (...words) => mdt({ configDir: target.dir }, 'fastboot', '-s', selector, ...words),
  };
}

test('getvar prints the value and nothing else', async t => {
  const { run } = await desk(t);
  t.deepEqual(await run('getvar', 'product'), { code: 0, out: 'virtual\n', err: '' });
  t.deepEqual(JSON.parse((await run('getvar', '--json', 'product')).out), { product: 'virtual' });
});

test('getvar all prints a line for each variable', async t => {
  const { run } = await desk(t, { flavour: 'nxp' });
  const { code, out } = await run('getvar', 'all');
  t.is(code, 0);
  t.regex(out, /^version: 0\.4\nproduct: virtual\n/);
  t.regex(out, /^max-download-size: 0x19000000\n(?:.+\n)*partition-size:rootfs: 0x800000\n/m);
  t.notRegex(out, /mmc_size|serialno/);
});

test('a variable that the board does not have ends with 7', async t => {
  const { run } = await desk(t);
  const { code, out, err } = await run('getvar', 'nothing');
  t.is(code, 7);
  t.is(out, '');
  t.regex(err, /^error: The board refused getvar:nothing: Variable not implemented\.\nhint: /);
});

test('flash, erase and the text of the board', async t => {
  const { run, dir, disk } = await desk(t);
  const bytes = randomBytes(1024);
  await writeFile(join(dir, 'misc.img'), bytes);
  t.deepEqual(await run('flash', 'misc', join(dir, 'misc.img')), { code: 0, out: '', err: '' });
  t.true((await disk()).equals(diskWith([{ partition: 'misc', bytes }])));
  t.deepEqual(await run('erase', 'misc'), { code: 0, out: '', err: '(bootloader) erasing\n' });
  t.true((await disk()).equals(diskWith([{ partition: 'misc', bytes: Buffer.alloc(1024) }])));
});

test('what the board says to an oem command is the result', async t => {
  const { run } = await desk(t);
  t.deepEqual(await run('oem', 'get', 'status'), { code: 0, out: 'get status\nall well\n', err: '' });
});

test('fetch and upload write files, and nothing where the board refuses', async t => {
  const { run, dir } = await desk(t, { maxFetchBytes: 100 });
  const file = join(dir, 'out.img');
  t.is((await run('fetch', 'misc', file)).code, 0);
  t.true((await readFile(file)).equals(diskWith([]).subarray(2 * 1024 * 1024, 2 * 1024 * 1024 + 1024)));
  await writeFile(join(dir, 'in.img'), 'x'.repeat(512));
  t.is((await run('flash', 'misc', join(dir, 'in.img'))).code, 0);
  t.is((await run('upload', file)).code, 0);
  t.is((await readFile(file)).toString(), 'x'.repeat(512));
  const other = await desk(t);
  t.is((await other.run('fetch', 'misc', join(dir, 'none.img'))).code, 7);
  await t.throwsAsync(readFile(join(dir, 'none.img')), { code: 'ENOENT' });
});

test('reboot and reboot-bootloader restart the board', async t => {
  const first = await desk(t);
  t.is((await first.run('reboot')).code, 0);
  t.is(first.bootloader.restart, 'reboot');
  const second = await desk(t);
  t.is((await second.run('reboot-bootloader')).code, 0);
  t.is(second.bootloader.restart, 'reboot-bootloader');
});

test('the board may be named behind the verb, and before fastboot', async t => {
  const { target, dir } = await desk(t);
  const selector = formatFastbootTarget(target);
  t.is((await mdt({ configDir: dir }, 'fastboot', 'getvar', '-s', selector, 'version')).out, '0.4\n');
  t.is((await mdt({ configDir: dir }, '-d', selector, 'fastboot', 'getvar', 'version')).out, '0.4\n');
});

test('without a board, or with one that fastboot cannot reach, nothing is tried', async t => {
  const { dir } = await desk(t);
  for (const words of [
    ['getvar', 'a'],
    ['-s', 'swift-otter', 'getvar', 'a'],
    ['getvar', '-s', 'usb:9-9', 'a'],
  ]) {
    const { code, err } = await mdt({ configDir: dir }, 'fastboot', ...words);
    // Not found, or not to be found where the computer has no USB.
    t.true(code === 3 || code === 5);
    t.regex(err, /hint: .*tcp:HOST/);
  }
  t.is((await mdt({ configDir: dir }, 'fastboot', '-s', 'usb:', 'getvar', 'a')).code, 2);
});

test('an image that is not there, or does not fit, leaves the board alone', async t => {
  const { run, dir, bootloader } = await desk(t);
  t.is((await run('flash', 'misc', join(dir, 'none.img'))).code, 5);
  await writeFile(join(dir, 'large.img'), Buffer.alloc(2000));
  const { code, err } = await run('flash', 'misc', join(dir, 'large.img'));
  t.is(code, 2);
  t.regex(err, /large\.img is not usable: it covers 2048 bytes, and misc has 1024/);
  t.false(bootloader.commands.some(command => /^(download|flash)/.test(command)));
});
