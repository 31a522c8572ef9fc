import test from 'ava';
import type { Device } from '../../src/device/device.js';
import { mdt } from '../fakes/cli-io.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { tempDir } from '../fixtures/temp-dir.js';

const otter: Device = {
  name: 'swift-otter',
  state: 'online',
  hostKeyFingerprint: 'SHA256:abc',
  routes: [
    { kind: 'ssh', medium: 'usb-network', address: '192.168.100.2', port: 22, interface: 'usb0', usbPort: '1-1.4' },
    { kind: 'ssh', medium: 'lan', address: 'fe80::7', port: 22, interface: 'wlan0' },
  ],
};
const crow: Device = {
  name: 'bold-crow',
  state: 'unpaired',
  serialNumber: '0f1e',
  routes: [{ kind: 'ssh', medium: 'loopback', address: '127.0.0.1', port: 2222 }],
};
const nameless: Device = {
  name: '',
  state: 'unpaired',
  routes: [{ kind: 'ssh', medium: 'usb-network', address: '192.168.101.2', port: 22, interface: 'usb1' }],
};

const inFastboot: Device = {
  name: '',
  state: 'fastboot',
  serialNumber: '1b0741d6f0609912',
  routes: [
    {
      kind: 'fastboot',
      medium: 'usb',
      target: { protocol: 'usb', usbPort: '1-2' },
      usbPort: '1-2',
      access: 'ready',
    },
    { kind: 'console', medium: 'serial', path: '/dev/ttyUSB0', usbPort: '1-3' },
  ],
};
const inRom: Device = {
  name: '',
  state: 'rom-download',
  routes: [{ kind: 'usb', medium: 'usb', usbPort: '1-4', vendorId: 0x1fc9, productId: 0x012b }],
};

test('into a pipe devices prints the lines of Python MDT, sorted by name', async t => {
  const configDir = await tempDir(t);
  await mdt({ configDir }, 'set', 'preferred-device', 'swift-otter');
  const { code, out, err } = await mdt({ configDir, devices: [otter, crow, nameless] }, 'devices');
  t.is(code, 0);
  t.is(
    out,
    '192.168.101.2\t\t(192.168.101.2)\nbold-crow\t\t(127.0.0.1:2222)\nswift-otter\t\t(192.168.100.2,default)\n',
  );
  t.is(err, '');
});

test('on a terminal devices prints a table', async t => {
  const { out } = await mdt({ configDir: await tempDir(t), devices: [otter, crow], terminal: true }, 'devices');
  t.is(
    out,
    [
      'NAME         STATE     ADDRESS                       MEDIUM',
      'bold-crow    unpaired  127.0.0.1:2222                loopback',
      'swift-otter  online    192.168.100.2, fe80::7%wlan0  usb 1-1.4, lan',
      '',
    ].join('\n'),
  );
});

test('a board that does not run Mendel is shown with its state, into a pipe too', async t => {
  const options = { configDir: await tempDir(t), devices: [inFastboot, inRom] };
  t.is(
    (await mdt(options, 'devices')).out,
    '1b0741d6f0609912\t\t(usb:1-2,fastboot)\nusb:1-4\t\t(usb:1-4,rom-download)\n',
  );
  t.is(
    (await mdt({ ...options, terminal: true }, 'devices')).out,
    [
      'NAME              STATE         ADDRESS                MEDIUM',
      '1b0741d6f0609912  fastboot      usb:1-2, /dev/ttyUSB0  usb, serial console',
      'usb:1-4           rom-download  usb:1-4                usb',
      '',
    ].join('\n'),
  );
});

test('devices --json tells of each route what belongs to its kind', async t => {
  const { out } = await mdt({ configDir: await tempDir(t), devices: [inFastboot, inRom] }, 'devices', '--json');
  const devices = JSON.parse(out) as { serialNumber: string | null; routes: object[] }[];
  t.deepEqual(
    devices.map(({ serialNumber, routes }) => ({ serialNumber, routes })),
    [
      {
        serialNumber: '1b0741d6f0609912',
        routes: [
          { kind: 'fastboot', medium: 'usb', target: 'usb:1-2', access: 'ready', usbPort: '1-2' },
          { kind: 'console', medium: 'serial', path: '/dev/ttyUSB0', usbPort: '1-3' },
        ],
      },
      { serialNumber: null, routes: [{ kind: 'usb', medium: 'usb', usbId: '1fc9:012b', usbPort: '1-4' }] },
    ],
  );
});

test('what wants a running board passes over the others, and says where they are if there is no other', async t => {
  const options = { configDir: await tempDir(t), devices: [inFastboot, inRom] };
  const { code, err } = await mdt(options, 'reboot');
  t.is(code, 3);
  t.regex(
    err,
    /No board that runs Mendel was found; 1b0741d6f0609912 is in its bootloader\.\nhint: .*mdt fastboot reboot/,
  );
  const one = await mdt(options, 'reboot', '-d', 'usb:1-4');
  t.regex(one.err, /usb:1-4 has no bootloader that starts\.\nhint: .*boot switches/);
});

test('devices --json keeps its schema', async t => {
  const options = { configDir: await tempDir(t), devices: [otter, crow], env: { MDT_DEVICE: '127.0.0.1:2222' } };
  const { out } = await mdt(options, 'devices', '--json');
  t.deepEqual(JSON.parse(out), [
    {
      name: 'bold-crow',
      state: 'unpaired',
      default: true,
      serialNumber: '0f1e',
      hostKey: null,
      routes: [
        {
          kind: 'ssh',
          medium: 'loopback',
          address: '127.0.0.1',
          host: '127.0.0.1',
          port: 2222,
          interface: null,
          usbPort: null,
        },
      ],
    },
    {
      name: 'swift-otter',
      state: 'online',
      default: false,
      serialNumber: null,
      hostKey: 'SHA256:abc',
      routes: [
        {
          kind: 'ssh',
          medium: 'usb-network',
          address: '192.168.100.2',
          host: '192.168.100.2',
          port: 22,
          interface: 'usb0',
          usbPort: '1-1.4',
        },
        {
          kind: 'ssh',
          medium: 'lan',
          address: 'fe80::7',
          host: 'fe80::7%wlan0',
          port: 22,
          interface: 'wlan0',
          usbPort: null,
        },
      ],
    },
  ]);
});

test('no boards is no error: the result is empty and the advice is on stderr', async t => {
  const configDir = await tempDir(t);
  const { code, out, err } = await mdt({ configDir }, 'devices');
  t.is(code, 0);
  t.is(out, '');
  t.regex(err, /^No boards were found\.\nhint: /);
  t.deepEqual(await mdt({ configDir }, 'devices', '--json'), { code: 0, out: '[]\n', err: '' });
});

test('--all adds the known boards that do not answer', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const address = `127.0.0.1:${String(board.sshPort)}`;
  t.is((await mdt({ configDir, devices: [crow] }, 'devices')).out, 'bold-crow\t\t(127.0.0.1:2222)\n');
  t.is(
    (await mdt({ configDir, devices: [crow] }, 'devices', '--all')).out,
    `bold-crow\t\t(127.0.0.1:2222)\nswift-otter\t\t(${address},offline)\n`,
  );
});

test('a preference that no board can match does not hide the boards', async t => {
  const { code, out } = await mdt(
    { configDir: await tempDir(t), devices: [crow], env: { MDT_DEVICE: '!' } },
    'devices',
  );
  t.is(code, 0);
  t.is(out, 'bold-crow\t\t(127.0.0.1:2222)\n');
});

for (const timeout of ['0', '-1', 'soon', '1e9', '']) {
  test(`--timeout ${JSON.stringify(timeout)} is refused`, async t => {
    const { code, err } = await mdt({ configDir: await tempDir(t) }, 'devices', `--timeout=${timeout}`);
    t.is(code, 2);
    t.regex(err, /Give a number of seconds/);
  });
}

test('several boards and nobody to ask is an error that names them all', async t => {
  const options = { configDir: await tempDir(t), devices: [otter, crow] };
  const { code, out, err } = await mdt(options, 'reboot');
  t.is(code, 3);
  t.is(out, '');
  t.regex(err, /bold-crow/);
  t.regex(err, /swift-otter/);
  t.is((await mdt(options, 'exec', 'true')).code, 255, 'exec keeps 1 to 254 for the command on the board');
});
