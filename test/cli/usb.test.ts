// What the command line says of boards that are on USB; that they are really seen is for test/lab/usb.
import test from 'ava';
import { mdt } from '../fakes/cli-io.js';
import { boardOnUsb } from '../fakes/usb-boards.js';
import { tempDir } from '../fixtures/temp-dir.js';

const ready = boardOnUsb({ usbPort: '1-1', serialNumber: '1b0741d6f0609912' });
const denied = boardOnUsb({ usbPort: '1-2', serialNumber: 'ffff41d6f0609912', access: 'denied' });

test('fastboot devices prints what the fastboot of Android does into a pipe, a table for people, or JSON', async t => {
  const io = { configDir: await tempDir(t), usb: [ready, denied] };
  t.is((await mdt(io, 'fastboot', 'devices')).out, '1b0741d6f0609912\tfastboot\nffff41d6f0609912\tno permissions\n');
  const { out } = await mdt({ ...io, terminal: true }, 'fastboot', 'devices');
  t.regex(out, /NAME +STATE +ADDRESS/);
  t.regex(out, /ffff41d6f0609912 +inaccessible +usb:1-2/);
  const devices = JSON.parse((await mdt(io, 'fastboot', 'devices', '--json')).out) as { state: string }[];
  t.deepEqual(
    devices.map(({ state }) => state),
    ['fastboot', 'inaccessible'],
  );
});

test('where no board is in fastboot a script reads nothing, and people are told so', async t => {
  const io = { configDir: await tempDir(t), usb: [] };
  t.deepEqual(await mdt(io, 'fastboot', 'devices'), { code: 0, out: '', err: '' });
  t.regex((await mdt({ ...io, terminal: true }, 'fastboot', 'devices')).err, /No board is in fastboot on USB\./);
});

test('of several boards in fastboot a script is told the names', async t => {
  const io = { configDir: await tempDir(t), usb: [ready, { ...ready, usbPort: '1-3' }, denied] };
  const { code, err } = await mdt(io, 'fastboot', 'getvar', 'version');
  t.is(code, 3);
  t.regex(err, /2 boards are in fastboot: 1b0741d6f0609912 \(usb:1-1\), 1b0741d6f0609912 \(usb:1-3\)\./);
});

test('a board that may not be opened is told with what to install', async t => {
  const { code, err } = await mdt({ configDir: await tempDir(t), usb: [denied] }, 'fastboot', 'getvar', 'version');
  t.is(code, 5);
  t.regex(err, /ffff41d6f0609912 \(usb:1-2\) may not be opened by this user\.\nhint: Run `sudo mdt udev install`/);
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('udev check lists what is plugged in, and ends with 5 where something may not be opened', async t => {
  const io = { configDir: await tempDir(t), usb: [ready, denied] };
  const { code, out, err } = await mdt(io, 'udev', 'check');
  t.is(code, 5);
  t.regex(out, /^udev rules: .*\nusb:1-1: .*: may be opened\nusb:1-2: .*: may not be opened\n$/);
  t.regex(err, /This user may not open usb:1-2\.\nhint: Run `sudo mdt udev install`/);
  const report = JSON.parse((await mdt(io, 'udev', 'check', '--json')).out) as { devices: { access: string }[] };
  t.deepEqual(
    report.devices.map(({ access }) => access),
    ['ready', 'denied'],
  );
});
