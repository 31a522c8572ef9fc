import test from 'ava';
import { formatFastbootTarget, parseFastbootTarget, parseNetworkTarget } from '../../src/device/fastboot-target.js';
import { UsageError } from '../../src/errors.js';

test('a board on the network is a protocol and a host, with or without a port', t => {
  t.deepEqual(parseNetworkTarget('tcp:192.168.1.7'), { protocol: 'tcp', host: '192.168.1.7' });
  t.deepEqual(parseNetworkTarget('udp:board.local:5555'), { protocol: 'udp', host: 'board.local', port: 5555 });
  t.deepEqual(parseNetworkTarget('tcp:[fe80::1%eth0]:1'), { protocol: 'tcp', host: 'fe80::1%eth0', port: 1 });
  t.deepEqual(parseNetworkTarget('udp:::1'), { protocol: 'udp', host: '::1' });
});

test('a board on USB is the port it is plugged into', t => {
  t.deepEqual(parseFastbootTarget('usb:1-1.4'), { protocol: 'usb', usbPort: '1-1.4' });
  t.throws(() => parseFastbootTarget('usb:'), { instanceOf: UsageError });
});

test('it reads back as it was written', t => {
  for (const text of ['usb:1-1.4', 'tcp:192.168.1.7', 'udp:board:5555', 'tcp:[fe80::1%eth0]:1', 'udp:::1']) {
    t.is(formatFastbootTarget(parseFastbootTarget(text)), text);
  }
});

for (const text of [
  '',
  'tcp:',
  'tcp',
  'board',
  'usb:1-1',
  'tcp:a:0',
  'tcp:a:65536',
  'tcp:a:b',
  'tcp:a b',
  'tcp:[a]:1',
]) {
  test(`${JSON.stringify(text)} is no board on the network`, t => {
    t.throws(() => parseNetworkTarget(text), { instanceOf: UsageError });
  });
}
