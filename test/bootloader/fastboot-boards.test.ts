import test, { type ExecutionContext } from 'ava';
import type { UsbDeviceFacts } from '../../src/discovery/usb-devices.js';
import { AmbiguousDeviceError, DeviceNotFoundError, PermissionError, TransportError } from '../../src/errors.js';
import { thisHost, type HostContext } from '../../src/pairing/host.js';
import { readEnvironment } from '../../src/config/environment.js';
import { findFastbootBoard, listFastbootBoards, nameFastbootBoard } from '../../src/bootloader/fastboot-boards.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { boardOnUsb } from '../fakes/usb-boards.js';

const MINI = '0123456789ABCDEF';
const first = boardOnUsb({ usbPort: '1-1', serialNumber: '1b0741d6f0609912' });
const second = boardOnUsb({ usbPort: '1-2', serialNumber: MINI });
const third = boardOnUsb({ usbPort: '1-3', serialNumber: MINI });
const denied = boardOnUsb({ usbPort: '1-4', serialNumber: 'ffff41d6f0609912', access: 'denied' });
const keyboard: UsbDeviceFacts = { ...first, usbPort: '1-9', vendorId: 0x046d, productId: 1, speaksFastboot: false };

async function host(t: ExecutionContext, env: NodeJS.ProcessEnv = {}): Promise<HostContext> {
  return thisHost(readEnvironment({ HOME: await tempDir(t), ...env }));
}

function plugged(...devices: readonly UsbDeviceFacts[]): { list: () => Promise<readonly UsbDeviceFacts[]> } {
  return { list: () => Promise.resolve(devices) };
}

test('boards in fastboot are listed, those too that may not be opened, and nothing else', async t => {
  const boards = await listFastbootBoards(plugged(keyboard, first, denied).list);
  t.deepEqual(boards.map(nameFastbootBoard), ['1b0741d6f0609912 (usb:1-1)', 'ffff41d6f0609912 (usb:1-4)']);
  t.deepEqual(
    boards.map(({ device }) => device.state),
    ['fastboot', 'inaccessible'],
  );
});

test('a system that cannot list USB says why, and what works all the same', async t => {
  const failing = (code: string) => (): Promise<never> => Promise.reject(Object.assign(new Error('broken'), { code }));
  const none = await t.throwsAsync(listFastbootBoards(failing('ENOENT')), { instanceOf: TransportError });
  t.is(none.message, 'Boards on USB cannot be listed: this system has no USB.');
  t.regex(none.hint ?? '', /tcp:HOST or udp:HOST/);
  await t.throwsAsync(listFastbootBoards(failing('ERR_DLOPEN_FAILED')), { message: /native part .* is missing/ });
});

test('without a name it is the only board that may be opened', async t => {
  t.is((await findFastbootBoard(await host(t), plugged(first, denied, keyboard))).route.usbPort, '1-1');
});

test('a board is named by serial number in any case, or by its port', async t => {
  const all = plugged(first, second, third, denied);
  const here = await host(t);
  const find = async (device: string): Promise<string | undefined> =>
    (await findFastbootBoard(here, { ...all, device })).route.usbPort;
  t.is(await find('1B0741D6F0609912'), '1-1');
  t.is(await find('serial:1b0741d6f0609912'), '1-1');
  t.is(await find('usb:1-3'), '1-3');
});

test('where several answer the user is asked, or told the names', async t => {
  const here = await host(t);
  const all = plugged(first, second, third);
  const error = await t.throwsAsync(findFastbootBoard(here, all), { instanceOf: AmbiguousDeviceError });
  t.is(error.message, `3 boards are in fastboot: 1b0741d6f0609912 (usb:1-1), ${MINI} (usb:1-2), ${MINI} (usb:1-3).`);
  t.regex(error.hint ?? '', /usb:1-1\.4/);
  await t.throwsAsync(findFastbootBoard(here, { ...all, device: MINI }), {
    instanceOf: AmbiguousDeviceError,
    message: /^2 boards in fastboot answer to 0123456789ABCDEF: /,
  });
  const chosen = await findFastbootBoard(here, {
    ...{ ...all, device: MINI },
    choose: devices => Promise.resolve(devices[1] ?? t.fail()),
  });
  t.is(chosen.route.usbPort, '1-3');
});

test('none, or one that may not be opened, are errors of their own', async t => {
  const here = await host(t);
  await t.throwsAsync(findFastbootBoard(here, plugged(keyboard)), {
    instanceOf: DeviceNotFoundError,
    message: 'No board in fastboot was found on USB.',
  });
  await t.throwsAsync(findFastbootBoard(here, { ...plugged(first), device: 'usb:2-1' }), {
    instanceOf: DeviceNotFoundError,
    message: 'No board in fastboot answers to usb:2-1.',
  });
  const error = await t.throwsAsync(findFastbootBoard(here, plugged(denied)), { instanceOf: PermissionError });
  t.regex(error.hint ?? '', /sudo mdt udev install/);
});

test('a preferred device counts where it is a place or a number, since names are not known in fastboot', async t => {
  const all = plugged(first, second);
  t.is((await findFastbootBoard(await host(t, { MDT_DEVICE: 'usb:1-2' }), all)).route.usbPort, '1-2');
  await t.throwsAsync(findFastbootBoard(await host(t, { MDT_DEVICE: 'swift-otter' }), all), {
    instanceOf: AmbiguousDeviceError,
  });
  const { list } = { list: (): Promise<never> => Promise.reject(new Error('not to be asked')) };
  const board = await findFastbootBoard(await host(t), { list, device: 'udp:10.0.0.7' });
  t.is(nameFastbootBoard(board), 'udp:10.0.0.7');
});
