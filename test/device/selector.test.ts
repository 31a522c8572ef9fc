import test from 'ava';
import { formatSelector, matchesSelector, parseSelector } from '../../src/device/selector.js';
import { UsageError } from '../../src/errors.js';
import type { Device } from '../../src/device/device.js';

test('a word is the name of a board, and a trailing .local is not part of it', t => {
  t.deepEqual(parseSelector('swift-otter'), { kind: 'name', name: 'swift-otter' });
  t.deepEqual(parseSelector('swift-otter.local'), { kind: 'name', name: 'swift-otter' });
});

test('a name may carry the port of an SSH server that listens elsewhere', t => {
  t.deepEqual(parseSelector('swift-otter:2222'), { kind: 'name', name: 'swift-otter', port: 2222 });
  t.deepEqual(parseSelector('swift-otter.local:2222'), { kind: 'name', name: 'swift-otter', port: 2222 });
});

test('who logs in may stand before the board, as in ssh', t => {
  t.deepEqual(parseSelector('root@swift-otter'), { kind: 'name', name: 'swift-otter', user: 'root' });
  t.deepEqual(parseSelector('pi@10.0.0.7:2222'), { kind: 'address', address: '10.0.0.7', port: 2222, user: 'pi' });
  t.deepEqual(parseSelector('root@usb:1-1.4'), { kind: 'usb-port', usbPort: '1-1.4', user: 'root' });
});

test('an address of ssh:// is read as ssh reads it', t => {
  t.deepEqual(parseSelector('ssh://swift-otter'), { kind: 'name', name: 'swift-otter' });
  t.deepEqual(parseSelector('ssh://root@swift-otter:2222/'), {
    kind: 'name',
    name: 'swift-otter',
    port: 2222,
    user: 'root',
  });
  t.deepEqual(parseSelector('ssh://root@[fe80::1%usb0]:2222'), {
    kind: 'address',
    address: 'fe80::1',
    port: 2222,
    scope: 'usb0',
    user: 'root',
  });
});

test('addresses may carry a port and a scope', t => {
  t.deepEqual(parseSelector('192.168.100.2'), { kind: 'address', address: '192.168.100.2' });
  t.deepEqual(parseSelector('127.0.0.1:2222'), { kind: 'address', address: '127.0.0.1', port: 2222 });
  t.deepEqual(parseSelector('fe80::1%usb0'), { kind: 'address', address: 'fe80::1', scope: 'usb0' });
  t.deepEqual(parseSelector('[FE80::1%usb0]:22'), { kind: 'address', address: 'fe80::1', port: 22, scope: 'usb0' });
});

test('serial numbers and USB ports carry a prefix', t => {
  t.deepEqual(parseSelector('serial:0f1e'), { kind: 'serial-number', serialNumber: '0f1e' });
  t.deepEqual(parseSelector('usb:1-1.4'), { kind: 'usb-port', usbPort: '1-1.4' });
});

test('a board in fastboot on the network carries its protocol', t => {
  t.deepEqual(parseSelector('tcp:192.168.1.7'), {
    kind: 'fastboot',
    target: { protocol: 'tcp', host: '192.168.1.7' },
  });
});

for (const text of [
  '',
  ' ',
  '-x',
  'a b',
  'name\nname',
  'serial:',
  'usb:',
  'tcp:',
  '1.2.3.4:0',
  '1.2.3.4:70000',
  '[::zz]',
  '../x',
  'swift-otter:0',
  'swift-otter:70000',
  'swift-otter:',
  '@swift-otter',
  'a b@swift-otter',
  '-x@swift-otter',
  'root@',
  'root@tcp:10.0.0.7',
  'ssh://',
]) {
  test(`${JSON.stringify(text)} is refused`, t => {
    t.throws(() => parseSelector(text), { instanceOf: UsageError });
  });
}

test('a selector reads back as it was written', t => {
  for (const text of [
    'swift-otter',
    '127.0.0.1:2222',
    '[fe80::1%usb0]:22',
    'serial:0f1e',
    'usb:1-1.4',
    'udp:board:5555',
    'swift-otter:2222',
    'root@swift-otter',
    'root@[fe80::1%usb0]:2222',
  ]) {
    t.is(formatSelector(parseSelector(text)), text);
  }
});

test('a selector matches by name, address, interface, USB port or serial number', t => {
  const device: Device = {
    name: 'Swift-Otter',
    state: 'online',
    serialNumber: '0f1e',
    routes: [{ kind: 'ssh', medium: 'usb-network', address: 'fe80::1', port: 22, interface: 'usb0', usbPort: '1-1.4' }],
  };
  for (const text of ['swift-otter', 'fe80::1', '[fe80::1%usb0]:22', 'serial:0f1e', 'usb:1-1.4']) {
    t.true(matchesSelector(device, parseSelector(text)), text);
  }
  for (const text of ['swift', '[fe80::1]:23', 'fe80::1%usb1', 'serial:0', 'usb:1-1']) {
    t.false(matchesSelector(device, parseSelector(text)), text);
  }
});

test('a board in fastboot is chosen by its serial number alone too, its port, or its address', t => {
  const onUsb: Device = {
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
    ],
  };
  const onNetwork: Device = {
    name: '',
    state: 'fastboot',
    routes: [{ kind: 'fastboot', medium: 'tcp', target: { protocol: 'tcp', host: '10.0.0.7' }, access: 'ready' }],
  };
  const chosen = (device: Device, ...texts: string[]): boolean[] =>
    texts.map(text => matchesSelector(device, parseSelector(text)));
  t.deepEqual(chosen(onUsb, '1B0741D6F0609912', 'serial:1b0741d6f0609912', 'usb:1-2'), [true, true, true]);
  t.deepEqual(chosen(onUsb, '1b0741d6f060991', 'usb:1-2.1', 'tcp:10.0.0.7', '10.0.0.7'), [false, false, false, false]);
  t.deepEqual(chosen(onNetwork, 'tcp:10.0.0.7', 'udp:10.0.0.7', '10.0.0.7'), [true, false, false]);
});
