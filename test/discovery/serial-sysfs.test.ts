import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { listSerialSysfs, type SerialPortFacts } from '../../src/discovery/serial-ports.js';
import { serialSysfs } from '../fixtures/serial-sysfs.js';
import { tempDir } from '../fixtures/temp-dir.js';

/** In the order of their names: the system gives them in any. */
async function portsOf(sysfsRoot: string): Promise<SerialPortFacts[]> {
  const ports = await listSerialSysfs({ sysfsRoot });
  return ports.sort((a, b) => a.path.localeCompare(b.path));
}

test('of the two ports of a Dev Board the first is the console, whatever their names', async t => {
  const chip = { id: '10c4:ea70', usbPort: '1-1.4', serialNumber: '0123ABCD' };
  const sysfsRoot = await serialSysfs(t, [
    { ...chip, name: 'ttyUSB0', interfaceNumber: 1 },
    { ...chip, name: 'ttyUSB1', interfaceNumber: 0 },
    // A second board: each has its own first port.
    { ...chip, name: 'ttyUSB2', usbPort: '1-2', interfaceNumber: 0 },
  ]);
  const ports = await portsOf(sysfsRoot);
  t.deepEqual(
    ports.map(({ path, usbPort, isConsole }) => [path, usbPort, isConsole]),
    [
      ['/dev/ttyUSB0', '1-1.4', false],
      ['/dev/ttyUSB1', '1-1.4', true],
      ['/dev/ttyUSB2', '1-2', true],
    ],
  );
  t.like(ports[0], { vendorId: 0x10c4, productId: 0xea70, serialNumber: '0123ABCD' });
});

test("the gadget's ACM port is a console, an adapter of another make is not", async t => {
  const sysfsRoot = await serialSysfs(t, [
    { name: 'ttyUSB3', id: '0403:6001', usbPort: '1-3', interfaceNumber: 0 },
    { name: 'ttyACM2', id: '18d1:9303', usbPort: '1-2', interfaceNumber: 2, serialNumber: 'swift\u001b[2J-otter' },
    { name: 'ttyACM3', id: '18d1:9304', usbPort: '1-4', interfaceNumber: 2 },
    { name: 'ttyACM4', id: '04e8:0106', usbPort: '1-10', interfaceNumber: 2 },
  ]);
  const ports = await portsOf(sysfsRoot);
  t.deepEqual(
    ports.filter(({ isConsole }) => isConsole).map(({ path }) => path),
    ['/dev/ttyACM2', '/dev/ttyACM3', '/dev/ttyACM4'],
  );
  t.is(ports.length, 4);
  // A serial number does not reach anybody with control characters in it.
  t.is(ports[0]?.serialNumber, 'swift[2J-otter');
});

test('ports without USB behind them are none, and a system without sysfs has none', async t => {
  const sysfsRoot = await tempDir(t);
  t.deepEqual(await listSerialSysfs({ sysfsRoot }), []);
  await mkdir(join(sysfsRoot, 'class/tty/tty0'), { recursive: true });
  await mkdir(join(sysfsRoot, 'devices/platform/serial8250'), { recursive: true });
  for (const name of ['ttyS0', 'ttyUSB7']) {
    await mkdir(join(sysfsRoot, 'class/tty', name));
    await symlink('../../../devices/platform/serial8250', join(sysfsRoot, 'class/tty', name, 'device'));
  }
  t.deepEqual(await listSerialSysfs({ sysfsRoot }), []);
});
