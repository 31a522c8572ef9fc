import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readEnvironment } from '../../src/config/environment.js';
import type { Device } from '../../src/device/device.js';
import type { Route } from '../../src/device/route.js';
import { AmbiguousDeviceError, DeviceNotFoundError, PermissionError } from '../../src/errors.js';
import { locateBoard, type BoardPlace, type LocateRequest } from '../../src/bootloader/locate-board.js';
import { thisHost } from '../../src/pairing/host.js';
import { tempDir } from '../fixtures/temp-dir.js';

const OTTER: Device = {
  name: 'swift-otter',
  state: 'unpaired',
  routes: [{ kind: 'ssh', medium: 'lan', address: '192.0.2.7', port: 22 }],
};
const CROW: Device = { ...OTTER, name: 'tart-crow' };

function boardOn(route: Route, state: Device['state']): Device {
  return { name: '', state, routes: [route] };
}

function fastboot(usbPort: string, access: 'ready' | 'denied'): Device {
  const route = { kind: 'fastboot', medium: 'usb', target: { protocol: 'usb', usbPort }, usbPort, access } as const;
  return boardOn(route, access === 'ready' ? 'fastboot' : 'inaccessible');
}

function serial(path: string): Device {
  return boardOn({ kind: 'console', medium: 'serial', path }, 'console-only');
}

interface Given extends LocateRequest {
  readonly found: readonly Device[];
  readonly preferred?: string;
}

async function locate(t: ExecutionContext, { found, preferred, ...request }: Given): Promise<BoardPlace> {
  const configDir = await tempDir(t);
  await mkdir(join(configDir, 'attribs'));
  if (preferred !== undefined) await writeFile(join(configDir, 'attribs', 'preferred-device'), `${preferred}\n`);
  const host = thisHost(readEnvironment({ HOME: configDir, MDT_CONFIG_DIR: configDir }));
  return await locateBoard({ ...host, discover: () => Promise.resolve([...found]) }, request);
}

const NAMED = '/dev/ttyUSB7';

test('a console that is named goes before a board that runs Mendel, unless that is named beside it', async t => {
  const alone = { kind: 'console', name: NAMED, console: NAMED } as const;
  t.deepEqual(await locate(t, { found: [OTTER], console: NAMED }), alone);
  t.deepEqual(await locate(t, { found: [OTTER], preferred: 'swift-otter', console: NAMED }), alone);
  const both = await locate(t, { found: [OTTER], device: 'swift-otter', console: NAMED });
  t.like(both, { kind: 'mendel', device: 'swift-otter', console: NAMED });
});

test('a preferred place in fastboot, and the only board in fastboot, have the console that is named', async t => {
  const place = await locate(t, { found: [], preferred: 'tcp:192.0.2.9', console: NAMED });
  t.like(place, { kind: 'fastboot', name: 'tcp:192.0.2.9', console: NAMED });
  const found = await locate(t, { found: [OTTER, fastboot('1-1', 'ready')], console: NAMED });
  t.like(found, { kind: 'fastboot', name: 'usb:1-1', console: NAMED });
});

test('a console that was found is used only where it is the only one, and no other board is there', async t => {
  const port = '/dev/ttyUSB0';
  t.deepEqual(await locate(t, { found: [serial(port)] }), { kind: 'console', name: port, console: port });
  await t.throwsAsync(locate(t, { found: [serial(port), serial('/dev/ttyUSB2')] }), {
    instanceOf: DeviceNotFoundError,
  });
  t.like(await locate(t, { found: [serial(port), OTTER] }), { kind: 'mendel', console: undefined });
  t.like(await locate(t, { found: [serial(port), fastboot('1-1', 'ready')] }), {
    kind: 'fastboot',
    console: undefined,
  });
  await t.throwsAsync(locate(t, { found: [serial(port), OTTER, CROW] }), { instanceOf: AmbiguousDeviceError });
  await t.throwsAsync(locate(t, { found: [serial(port), fastboot('1-1', 'denied')] }), { instanceOf: PermissionError });
});
