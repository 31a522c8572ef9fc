import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { discover } from '../../src/discovery/discover.js';
import { listSerialSysfs, serialPortSource } from '../../src/discovery/serial-ports.js';
import type { DiscoverySource } from '../../src/discovery/source.js';
import { usbDeviceSource } from '../../src/discovery/usb-devices.js';
import { listUsbSysfs, type SysfsPlace } from '../../src/discovery/usb-sysfs.js';
import { watch } from '../../src/discovery/watch.js';
import { tempDir } from '../fixtures/temp-dir.js';

/** A /sys and /dev with a board in fastboot (1-1), one that may not be opened (1-2), and a CP2105 (1-3). */
async function desk(t: ExecutionContext): Promise<Required<SysfsPlace>> {
  const root = await tempDir(t);
  const sysfsRoot = join(root, 'sys');
  const devRoot = join(root, 'dev');
  const files: Record<string, string> = { 'dev/bus/usb/001/002': '', 'dev/ttyUSB0': '', 'dev/ttyUSB1': '' };
  const links: Record<string, string> = {};
  const device = (port: string, devnum: number, facts: { id: string; serial: string; alias?: string }): void => {
    const folder = `sys/devices/usb1/${port}`;
    const [vendor = '', product = ''] = facts.id.split(':');
    const told = { idVendor: vendor, idProduct: product, busnum: '1', devnum: String(devnum), serial: facts.serial };
    for (const [name, text] of Object.entries(told)) files[`${folder}/${name}`] = `${text}\n`;
    files[`${folder}/${port}:1.0/modalias`] = facts.alias ?? 'usb:icFFisc00ip00in00';
    for (const name of [port, `${port}:1.0`]) {
      links[`sys/bus/usb/devices/${name}`] = `../../../devices/usb1/${name === port ? name : `${port}/${name}`}`;
    }
  };
  const fastboot = 'usb:v0525pA4A5d0000dc00dsc00dp00icFFisc42ip03in00';
  device('1-1', 2, { id: '0525:a4a5', serial: '1b0741d6f0609912', alias: fastboot });
  device('1-2', 3, { id: '0e8d:201c', serial: '0123456789ABCDEF', alias: fastboot });
  device('1-3', 4, { id: '10c4:ea70', serial: '00A1\u001b[2J' });
  for (const [name, order] of [
    ['ttyUSB1', '0'],
    ['ttyUSB0', '1'],
  ] as const) {
    files[`sys/devices/usb1/1-3/1-3:1.${order}/${name}/dev`] = '';
    links[`sys/class/tty/${name}/device`] = `../../../devices/usb1/1-3/1-3:1.${order}/${name}`;
  }
  for (const path of [...Object.keys(files), ...Object.keys(links)]) {
    await mkdir(join(root, dirname(path)), { recursive: true });
  }
  for (const [path, text] of Object.entries(files)) await writeFile(join(root, path), text);
  for (const [path, target] of Object.entries(links)) await symlink(target, join(root, path));
  return { sysfsRoot, devRoot };
}

test('boards in fastboot are found by class whatever their ids, and one without a device node is inaccessible', async t => {
  const place = await desk(t);
  const devices = await discover({
    timeoutMs: 20_000,
    sources: [usbDeviceSource({ list: () => listUsbSysfs(place) })],
  });
  t.deepEqual(
    devices.map(({ state, serialNumber, routes }) => [state, serialNumber, routes[0]?.usbPort]),
    [
      ['fastboot', '1b0741d6f0609912', '1-1'],
      ['inaccessible', '0123456789ABCDEF', '1-2'],
    ],
  );
});

test('of a CP2105 the first port is the console, whatever number the system gave it', async t => {
  const place = await desk(t);
  const devices = await discover({
    timeoutMs: 20_000,
    sources: [serialPortSource({ list: () => listSerialSysfs(place) })],
  });
  t.deepEqual(devices, [
    {
      name: '',
      state: 'console-only',
      routes: [{ kind: 'console', medium: 'serial', path: join(place.devRoot, 'ttyUSB1'), usbPort: '1-3' }],
    },
  ]);
});

test('a system without USB is a warning where nothing is found, and silence where its boards are on the network', async t => {
  const sysfsRoot = await tempDir(t);
  const withoutUsb = usbDeviceSource({ list: () => listUsbSysfs({ sysfsRoot }) });
  const onNetwork: DiscoverySource = {
    name: 'mdns',
    run: context => {
      const route = { kind: 'ssh', medium: 'lan', address: '10.0.0.7', port: 22 } as const;
      context.report({ sightings: [{ source: 'mdns', name: 'swift-otter', route }], pendingUntil: 0 });
      return Promise.resolve();
    },
  };
  const search = async (...sources: DiscoverySource[]): Promise<string[]> => {
    const warnings: string[] = [];
    await discover({ timeoutMs: 20_000, sources, onWarning: text => warnings.push(text) });
    return warnings;
  };
  t.deepEqual(await search(withoutUsb), ['Boards in fastboot on USB cannot be seen: this system has no USB.']);
  t.deepEqual(await search(withoutUsb, onNetwork), []);
  const warnings: string[] = [];
  for await (const change of watch({ sources: [withoutUsb, onNetwork], onWarning: text => warnings.push(text) })) {
    t.is(change.kind, 'added');
  }
  t.is(warnings.length, 1, 'who waits for boards is told what will never come');
});

test('a package usb whose native part is missing is a warning, whatever else is found', async t => {
  for (const code of ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND', 'ERR_DLOPEN_FAILED', 'EIO']) {
    const warnings: string[] = [];
    const list = (): Promise<never> => Promise.reject(Object.assign(new Error('a broken bus'), { code }));
    await discover({ timeoutMs: 20_000, sources: [usbDeviceSource({ list })], onWarning: text => warnings.push(text) });
    t.is(warnings.length, 1);
    t.regex(warnings.join(), code === 'EIO' ? /: a broken bus\.$/ : /native part .* is missing, so install mdt again/);
  }
});
