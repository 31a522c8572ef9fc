import test from 'ava';
import { canBeBoard, describeRoute, isLocalByEvidence, mediumOf, routeOver } from '../../src/discovery/medium.js';
import { pretendLink } from './pretend-links.js';

const lo = pretendLink('lo', ['127.0.0.1/8', '::1/128']);
const eth0 = pretendLink('eth0', ['10.0.0.5/24', 'fe80::5/64']);
const usb0 = pretendLink('usb0', ['192.168.100.50/24', 'fe80::6/64'], { gadget: { usbPort: '1-1' } });
const LINKS = [lo, eth0, usb0];

test('the medium is told by the interface, not by the look of the address', t => {
  t.is(mediumOf(usb0, '192.168.100.2'), 'usb-network');
  t.is(mediumOf(usb0, 'fe80::22:78ff:fe0d:f6df'), 'usb-network');
  t.is(mediumOf(lo, '127.0.0.1'), 'loopback');
  t.is(mediumOf(pretendLink('eth0', ['192.168.100.50/24']), '192.168.100.2'), 'lan');
});

test('an address that the interface does not lead to proves nothing', t => {
  t.is(mediumOf(usb0, '10.0.0.2'), 'lan');
  t.is(mediumOf(eth0, '127.0.0.1'), 'lan');
});

test('USB, loopback and link-local addresses are local by evidence; any other address on a LAN is not', t => {
  const isLocal = (link: typeof lo, address: string): boolean => isLocalByEvidence(routeOver(link, address, 22));
  t.true(isLocal(usb0, '192.168.100.2'));
  t.true(isLocal(lo, '127.0.0.1'));
  t.true(isLocal(eth0, 'fe80::1'));
  t.true(isLocal(eth0, '169.254.3.4'));
  for (const address of ['10.0.0.2', '192.168.100.2', '192.168.10.2', '127.0.0.1', 'fd00::1']) {
    t.false(isLocal(eth0, address), address);
  }
});

test('a typed address is described by the interface that leads to it', async t => {
  t.deepEqual(await describeRoute({ address: '192.168.100.2', port: 22 }, LINKS), {
    kind: 'ssh',
    medium: 'usb-network',
    address: '192.168.100.2',
    port: 22,
    interface: 'usb0',
    usbPort: '1-1',
  });
  t.is((await describeRoute({ address: '127.0.0.1', port: 2222 }, LINKS)).medium, 'loopback');
  t.is(
    (await describeRoute({ address: '127.5.0.1', port: 2222 })).medium,
    'loopback',
    'with the interfaces of this host',
  );
  t.deepEqual(await describeRoute({ address: '8.8.8.8', port: 22 }, LINKS), {
    kind: 'ssh',
    medium: 'lan',
    address: '8.8.8.8',
    port: 22,
  });
});

test('a typed scope chooses the interface', async t => {
  const describe = (scope: string): ReturnType<typeof describeRoute> =>
    describeRoute({ address: 'fe80::1', port: 22, scope }, LINKS);
  t.is((await describe('usb0')).medium, 'usb-network');
  t.is((await describe('eth0')).medium, 'lan');
  t.is((await describe('gone')).interface, 'gone');
});

test('an address to which a cable and a LAN both lead is not local, whichever is named', async t => {
  const wifi = pretendLink('wlan0', ['192.168.100.77/24']);
  for (const scope of [undefined, 'usb0']) {
    const route = await describeRoute({ address: '192.168.100.2', port: 22, scope }, [usb0, wifi]);
    t.false(isLocalByEvidence(route));
  }
});

test('of two cables to one address, the named one is meant', async t => {
  const usb1 = pretendLink('usb1', ['192.168.100.51/24'], { gadget: { usbPort: '1-2' } });
  const route = await describeRoute({ address: '192.168.100.2', port: 22, scope: 'usb1' }, [usb0, usb1]);
  t.is(route.usbPort, '1-2');
});

test('what cannot be the address of a board is not taken from an announcement', t => {
  const wrong = [
    '0.0.0.0',
    '0.1.2.3',
    '224.0.0.251',
    '255.255.255.255',
    '::',
    'ff02::1',
    '::ffff:7f00:1',
    '127.0.0.1',
    '::1',
    'x',
  ];
  for (const address of wrong) t.false(canBeBoard(eth0, address), address);
  for (const address of ['10.0.0.2', 'fe80::1', 'fd00::1']) t.true(canBeBoard(eth0, address), address);
  t.true(canBeBoard(lo, '127.0.0.1'));
});
