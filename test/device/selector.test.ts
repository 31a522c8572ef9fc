import test from 'ava';
import { formatSelector, matchesSelector, parseSelector } from '../../src/device/selector.js';
import { UsageError } from '../../src/errors.js';
import type { Device } from '../../src/device/device.js';

test('a word is the name of a board, and a trailing .local is not part of it', t => {
  t.deepEqual(parseSelector('swift-otter'), { kind: 'name', name: 'swift-otter' });
  t.deepEqual(parseSelector('swift-otter.local'), { kind: 'name', name: 'swift-otter' });
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

for (const text of [
  '',
  ' ',
  '-x',
  'a b',
  'name\nname',
  'serial:',
  'usb:',
  '1.2.3.4:0',
  '1.2.3.4:70000',
  '[::zz]',
  '../x',
]) {
  test(`${JSON.stringify(text)} is refused`, t => {
    t.throws(() => parseSelector(text), { instanceOf: UsageError });
  });
}

test('a selector reads back as it was written', t => {
  for (const text of ['swift-otter', '127.0.0.1:2222', '[fe80::1%usb0]:22', 'serial:0f1e', 'usb:1-1.4']) {
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
