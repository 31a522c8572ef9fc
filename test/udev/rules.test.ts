import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { USB_IDS } from '../../src/device/usb-ids.js';
import type { UsbDeviceFacts } from '../../src/discovery/usb-devices.js';
import { FileError } from '../../src/errors.js';
import { checkRules } from '../../src/udev/check-rules.js';
import { installRules } from '../../src/udev/install-rules.js';
import { readRules } from '../../src/udev/rules-file.js';
import { mdt } from '../fakes/cli-io.js';
import { tempDir } from '../fixtures/temp-dir.js';

const inFastboot: UsbDeviceFacts = {
  usbPort: '1-2',
  connection: '1/7',
  vendorId: 0x0525,
  productId: 0xa4a5,
  speaksFastboot: true,
  access: 'denied',
};
const nothing = (): Promise<[]> => Promise.resolve([]);

test('every id has a rule with uaccess and plugdev, and its board and mode above it', async t => {
  const lines = (await readRules()).split('\n');
  for (const { id } of USB_IDS) {
    const [vendor = '', product = ''] = id.split(':');
    const index = lines.findIndex(
      line => line.includes(`ATTR{idVendor}=="${vendor}"`) && line.includes(`ATTR{idProduct}=="${product}"`),
    );
    t.regex(lines[index] ?? '', /TAG\+="uaccess"/, id);
    t.regex(lines[index] ?? '', /GROUP="plugdev"/, id);
    t.regex(lines[index - 1] ?? '', /^# .+: .+/, id);
  }
});

test('install writes the file whole, and has udev read and apply it', async t => {
  const folder = join(await tempDir(t), 'rules.d');
  const calls: string[] = [];
  const run = (program: string, words: readonly string[]): Promise<void> => {
    calls.push([program, ...words].join(' '));
    return Promise.resolve();
  };
  const { path, applied } = await installRules({ folder, run });
  t.true(applied);
  t.is(await readFile(path, 'utf8'), await readRules());
  t.deepEqual(await readdir(folder), ['65-mendel.rules']);
  t.deepEqual(calls, ['udevadm control --reload', 'udevadm trigger --subsystem-match=usb --subsystem-match=tty']);
});

test('without udevadm the file is installed all the same', async t => {
  const folder = await tempDir(t);
  const run = (): Promise<never> => Promise.reject(Object.assign(new Error('no such program'), { code: 'ENOENT' }));
  t.false((await installRules({ folder, run })).applied);
  t.is((await checkRules({ folders: [folder], listUsb: nothing, listSerial: nothing })).rules, 'current');
});

test('a folder that cannot be written is an error that says what to do', async t => {
  const file = join(await tempDir(t), 'file');
  await writeFile(file, '');
  await t.throwsAsync(installRules({ folder: join(file, 'rules.d') }), {
    instanceOf: FileError,
    message: /cannot be written/,
  });
});

test('check tells rules that are missing or of another version, and what may not be opened', async t => {
  const [first, second] = [await tempDir(t), await tempDir(t)];
  const look = (): ReturnType<typeof checkRules> =>
    checkRules({ folders: [first, second], listUsb: () => Promise.resolve([inFastboot]), listSerial: nothing });
  t.deepEqual(await look(), {
    rules: 'missing',
    devices: [{ place: 'usb:1-2', what: 'Dev Board, fastboot of its U-Boot', access: 'denied' }],
  });
  await writeFile(join(second, '65-mendel.rules'), '# older');
  t.is((await look()).rules, 'different');
  await mkdir(first, { recursive: true });
  await installRules({ folder: first, run: () => Promise.resolve() });
  t.is((await look()).rules, 'current');
});

test('print prints the rules as they are', async t => {
  const { code, out } = await mdt({ configDir: await tempDir(t) }, 'udev', 'print');
  t.is(code, 0);
  t.is(out, await readRules());
});

test('the rules are in the package that is published', t => {
  const packed = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { encoding: 'utf8' }),
  ) as {
    files: { path: string }[];
  }[];
  t.true(packed[0]?.files.some(({ path }) => path === 'udev/65-mendel.rules'));
});
