// `mdt wait-for-device --state …`, with what is plugged into USB played.
import { once } from 'node:events';
import test from 'ava';
import { run } from '../../src/cli/main.js';
import { usbDeviceSource, type UsbDeviceFacts } from '../../src/discovery/usb-devices.js';
import { FakeIo } from '../fakes/cli-io.js';
import { boardOnUsb } from '../fakes/usb-boards.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { SMALL_BOARD } from '../flash/release.js';

const ready = boardOnUsb({ usbPort: '1-2', serialNumber: '1b0741d6f0609912' });
const other = boardOnUsb({ usbPort: '1-3', serialNumber: 'ffff41d6f0609912' });
const denied = boardOnUsb({ usbPort: '1-2', serialNumber: '1b0741d6f0609912', access: 'denied' });

/** USB as it is each time that somebody looks; the last state stays. */
function changing(...states: readonly (readonly UsbDeviceFacts[])[]): {
  sources: () => [ReturnType<typeof usbDeviceSource>];
  looks: () => number;
} {
  let looks = 0;
  const list = (): Promise<readonly UsbDeviceFacts[]> =>
    Promise.resolve(states[Math.min(looks++, states.length - 1)] ?? []);
  return { sources: () => [usbDeviceSource({ list })], looks: () => looks };
}

test('it waits until a board is in the state that was asked for', async t => {
  const usb = changing([], [], [ready]);
  const io = new FakeIo({ configDir: await tempDir(t), sources: usb.sources });
  t.is(await run(['wait-for-device', '--state', 'fastboot'], io), 0);
  t.is(io.out, '1b0741d6f0609912\t\t(usb:1-2,fastboot)\n');
  t.true(usb.looks() >= 3);
});

test('a board that was named is waited for, whatever others are there', async t => {
  const { sources } = changing([other], [other, ready]);
  const io = new FakeIo({ configDir: await tempDir(t), sources });
  const words = ['wait-for-device', '--state', 'fastboot', '--json', '-d', 'serial:1b0741d6f0609912'];
  t.is(await run(words, io), 0, io.err);
  const { state, serialNumber } = JSON.parse(io.out) as { state: string; serialNumber: string };
  t.deepEqual([state, serialNumber], ['fastboot', '1b0741d6f0609912']);
});

test('a board that may not be opened is told with what to do, and waited for until it may', async t => {
  const { sources } = changing([denied], [ready]);
  const io = new FakeIo({ configDir: await tempDir(t), sources });
  t.is(await run(['wait-for-device', '--state', 'fastboot'], io), 0);
  t.regex(io.err, /1b0741d6f0609912 is there, but may not be opened by this user\. Run `sudo mdt udev install`/);
  const shut = new FakeIo({ configDir: await tempDir(t), sources: changing([denied]).sources });
  t.is(await run(['wait-for-device', '--state', 'inaccessible'], shut), 0);
  t.regex(shut.out, /inaccessible/);
});

test('time that is up is a timeout, and Ctrl-C ends it', async t => {
  const io = new FakeIo({ configDir: await tempDir(t), sources: changing([other]).sources });
  const words = ['wait-for-device', '--state', 'rom-download'];
  t.is(await run([...words, '--timeout', '0.1'], io), 8);
  t.regex(io.err, /Timed out/);
  const controller = new AbortController();
  const forever = new FakeIo({
    configDir: await tempDir(t),
    sources: changing([]).sources,
    signal: controller.signal,
  });
  const ended = run(words, forever);
  await once(forever.stderr, 'written');
  controller.abort();
  t.not(await ended, 0);
});

test('a state that there is not is a wrong word', async t => {
  const io = new FakeIo({ configDir: await tempDir(t) });
  t.is(await run(['wait-for-device', '--state', 'offline'], io), 2);
});

test('a place of fastboot on the network is waited for there', async t => {
  const { board, configDir } = await boardOnDesk(t, { bootloader: { ...SMALL_BOARD, autobootMs: 0 } });
  const place = `tcp:${board.address}:${String(board.fastbootPort)}`;
  const io = new FakeIo({ configDir, sources: changing([]).sources });
  const ended = run(['wait-for-device', place], io);
  await once(io.stderr, 'written');
  t.is(io.out, '');
  await board.reboot('bootloader');
  t.is(await ended, 0, io.err);
  t.is(io.out, `${place}\t\t(${place},fastboot)\n`);
});
