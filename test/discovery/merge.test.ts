import test from 'ava';
import fc from 'fast-check';
import { sshRoutes, type Device } from '../../src/device/device.js';
import { formatRoute } from '../../src/device/route.js';
import { merge, type PairedBoard } from '../../src/discovery/merge.js';
import type { Sighting } from '../../src/discovery/sighting.js';
import { fingerprint } from '../../src/keys/host-key.js';

const HOST_KEY = { algorithm: 'ssh-ed25519', blob: Buffer.from('key') };
const GADGET_LINK_LOCAL = 'fe80::22:78ff:fe0d:f6df';

function lan(name: string, address: string, network = 'eth0'): Sighting {
  return { source: 'mdns', name, route: { kind: 'ssh', medium: 'lan', address, port: 22, interface: network } };
}

function usb(name: string, usbPort: string, address = '192.168.100.2', source: Sighting['source'] = 'mdns'): Sighting {
  const network = `usb${usbPort.replace('1-', '')}`;
  return {
    source,
    name,
    route: { kind: 'ssh', medium: 'usb-network', address, port: 22, interface: network, usbPort },
  };
}

function addresses(device: Device | undefined): string[] {
  return device === undefined ? [] : sshRoutes(device).map(route => route.address);
}

test('all addresses of a board are its routes: USB first, then IPv4, IPv6, link-local', t => {
  const devices = merge([
    lan('otter', 'fe80::1'),
    lan('otter', 'fd00::1'),
    lan('otter', '169.254.1.1'),
    lan('otter', '10.0.0.2'),
    usb('otter', '1-1', GADGET_LINK_LOCAL),
    usb('otter', '1-1'),
  ]);
  t.is(devices.length, 1);
  t.deepEqual(addresses(devices[0]), [
    '192.168.100.2',
    GADGET_LINK_LOCAL,
    '10.0.0.2',
    'fd00::1',
    '169.254.1.1',
    'fe80::1',
  ]);
});

test('one address that is seen on two interfaces of one LAN is one route; a link-local one is two', t => {
  const seen = ['eth0', 'wlan0'].flatMap(network => [
    lan('otter', '10.0.0.2', network),
    lan('otter', 'fe80::1', network),
  ]);
  t.deepEqual(addresses(merge(seen)[0]), ['10.0.0.2', 'fe80::1', 'fe80::1']);
});

test('names that differ only in case are one board', t => {
  t.is(merge([lan('Otter', '10.0.0.2'), lan('otter', 'fd00::1')]).length, 1);
});

test('two boards with one address on two USB ports stay two, and are reached by what tells the ports apart', t => {
  const devices = merge(
    ['1-1', '1-2'].flatMap(port => [usb(`board-${port}`, port), usb(`board-${port}`, port, GADGET_LINK_LOCAL)]),
  );
  t.deepEqual(
    devices.map(device => [device.name, ...addresses(device), sshRoutes(device)[0]?.interface]),
    [
      ['board-1-1', GADGET_LINK_LOCAL, '192.168.100.2', 'usb1'],
      ['board-1-2', GADGET_LINK_LOCAL, '192.168.100.2', 'usb2'],
    ],
  );
});

test('two boards on two USB ports stay two even where the name is the same or missing', t => {
  t.is(merge([usb('otter', '1-1'), usb('otter', '1-2')]).length, 2);
  t.is(merge([usb('', '1-1'), usb('', '1-2')]).length, 2);
});

test('where two boards on USB share a name, one of that name on the LAN could be either and stays apart', t => {
  const devices = merge([usb('otter', '1-1'), usb('otter', '1-2'), lan('otter', '10.0.0.2')]);
  t.deepEqual(
    devices.map(device => device.routes.length),
    [1, 1, 1],
  );
});

test('a USB device without a name, or with an old one, is the board that is announced over its cable', t => {
  const probe = usb('old-name', '1-1', GADGET_LINK_LOCAL, 'usb-network');
  for (const sighting of [probe, { ...probe, name: '' }]) {
    const devices = merge([sighting, usb('otter', '1-1')]);
    t.deepEqual(
      devices.map(device => [device.name, device.routes.length]),
      [['otter', 2]],
    );
  }
});

test('a board on a cable whose USB port is unknown is told by the interface', t => {
  const route = { kind: 'ssh', medium: 'usb-network', address: '192.168.100.2', port: 22 } as const;
  const seen = ['en5', 'en6'].map((network): Sighting => ({
    source: 'usb-network',
    name: '',
    route: { ...route, interface: network },
  }));
  t.is(merge(seen).length, 2);
});

test('virtual boards share the loopback address and differ by port', t => {
  const route = { kind: 'ssh', medium: 'loopback', address: '127.0.0.1', interface: 'lo' } as const;
  const devices = merge([
    { source: 'mdns', name: 'one', route: { ...route, port: 2001, keymasterPort: 3001 } },
    { source: 'mdns', name: 'two', route: { ...route, port: 2002 } },
  ]);
  t.deepEqual(
    devices.map(device => [device.name, sshRoutes(device)[0]?.port, sshRoutes(device)[0]?.keymasterPort]),
    [
      ['one', 2001, 3001],
      ['two', 2002, undefined],
    ],
  );
});

test('a board that this host is paired with is online and carries its pinned key; any other is unpaired', t => {
  const known: PairedBoard[] = [{ name: 'Otter', hostKey: HOST_KEY }];
  const [newt, otter] = merge([lan('otter', '10.0.0.2'), lan('newt', '10.0.0.3')], known);
  t.deepEqual([newt?.state, newt?.hostKeyFingerprint], ['unpaired', undefined]);
  t.deepEqual([otter?.state, otter?.hostKeyFingerprint], ['online', fingerprint(HOST_KEY)]);
});

test('the serial number tells a paired board before its name does', t => {
  const known: PairedBoard[] = [
    { name: 'otter', hostKey: { ...HOST_KEY, blob: Buffer.from('another') } },
    { name: 'newt', hostKey: HOST_KEY, serialNumber: '0f1e' },
  ];
  const [device] = merge([{ ...usb('otter', '1-1'), serialNumber: '0f1e' }], known);
  t.is(device?.hostKeyFingerprint, fingerprint(HOST_KEY));
  const [nameless] = merge([{ ...usb('', '1-1'), serialNumber: '0f1e' }], known);
  t.is(nameless?.name, 'newt');
});

test('of two paired boards with one name, no key is claimed to be the one', t => {
  const known: PairedBoard[] = [
    { name: 'otter', hostKey: HOST_KEY },
    { name: 'otter', hostKey: { ...HOST_KEY, blob: Buffer.from('another') } },
  ];
  const [device] = merge([lan('otter', '10.0.0.2')], known);
  t.deepEqual([device?.state, device?.hostKeyFingerprint], ['online', undefined]);
});

const anySighting = fc.record({
  source: fc.constantFrom('mdns', 'usb-network'),
  name: fc.constantFrom('', 'otter', 'Otter', 'newt', 'swift'),
  route: fc
    .record({
      medium: fc.constantFrom('lan', 'usb-network', 'loopback'),
      address: fc.constantFrom('192.168.100.2', '10.0.0.2', '127.0.0.1', 'fd00::1', 'fe80::1'),
      port: fc.constantFrom(22, 2222),
      interface: fc.constantFrom('a', 'b', 'c'),
      usbPort: fc.constantFrom(undefined, '1-1', '1-2'),
      keymasterPort: fc.constantFrom(undefined, 5000, 6000),
    })
    .map(({ usbPort, keymasterPort, ...route }) => ({
      ...route,
      kind: 'ssh' as const,
      ...(usbPort !== undefined && route.medium === 'usb-network' ? { usbPort } : {}),
      ...(keymasterPort === undefined ? {} : { keymasterPort }),
    })),
}) satisfies fc.Arbitrary<Sighting>;

const sightings = fc.array(anySighting, { maxLength: 12 });

test('the order of the sightings does not matter', t => {
  const shuffled = sightings.chain(seen =>
    fc.tuple(fc.constant(seen), fc.shuffledSubarray(seen, { minLength: seen.length })),
  );
  t.notThrows(() => {
    fc.assert(fc.property(shuffled, ([seen, other]) => JSON.stringify(merge(seen)) === JSON.stringify(merge(other))));
  });
});

test('every sighting is in some board, and no board goes over two USB ports', t => {
  t.notThrows(() => {
    fc.assert(
      fc.property(sightings, seen => {
        const devices = merge(seen);
        const isOneCable = devices.every(
          device => new Set(device.routes.flatMap(route => route.usbPort ?? [])).size <= 1,
        );
        const has = ({ route }: Sighting): boolean =>
          devices.some(device => device.routes.some(own => formatRoute(own) === formatRoute(route)));
        return isOneCable && seen.every(has);
      }),
    );
  });
});

test('a sighting told twice changes nothing', t => {
  t.notThrows(() => {
    fc.assert(
      fc.property(sightings, seen => JSON.stringify(merge([...seen, ...seen])) === JSON.stringify(merge(seen))),
    );
  });
});

const SERIAL = '1b0741d6f0609912';

function seenConsole(usbPort: string, name = '', access?: Sighting['access']): Sighting {
  const route = { kind: 'console', medium: 'serial', path: `/dev/tty-${usbPort}`, usbPort } as const;
  return { source: 'serial', name, route, ...(access === undefined ? {} : { access }) };
}

function fastboot(usbPort: string, access: 'ready' | 'denied' = 'ready'): Sighting {
  const target = { protocol: 'usb', usbPort } as const;
  const route = { kind: 'fastboot', medium: 'usb', target, usbPort, access } as const;
  return { source: 'usb', name: '', route, access, serialNumber: SERIAL };
}

function other(usbPort: string, vendorId: number, productId: number): Sighting {
  return {
    source: 'usb',
    name: '',
    route: { kind: 'usb', medium: 'usb', usbPort, vendorId, productId },
    access: 'ready',
  };
}

test('what is on USB without a system has the state that tells what it waits for', t => {
  const states = (...sightings: readonly Sighting[]): string[] => merge(sightings).map(({ state }) => state);
  t.deepEqual(states(fastboot('1-1')), ['fastboot']);
  t.deepEqual(states(seenConsole('1-1')), ['console-only']);
  t.deepEqual(states(other('1-1', 0x1fc9, 0x012b)), ['rom-download']);
  t.deepEqual(states(other('1-1', 0x1a6e, 0x089a)), ['accelerator']);
  t.deepEqual(states(fastboot('1-1', 'denied')), ['inaccessible']);
  t.deepEqual(states(seenConsole('1-1', 'otter', 'denied')), ['inaccessible']);
});

test('the console and the network of one cable are one board, which can be logged in to', t => {
  const [board, ...rest] = merge([seenConsole('1-1', 'otter', 'denied'), usb('otter', '1-1')]);
  t.deepEqual(rest, []);
  t.is(board?.state, 'unpaired');
  t.deepEqual(
    board?.routes.map(route => route.kind),
    ['ssh', 'console'],
  );
});

test('the console of a board and the board in fastboot hang on two cables: nothing says that they are one', t => {
  t.is(merge([seenConsole('1-3'), fastboot('1-1')]).length, 2);
});

test('two boards in fastboot with one serial number are two', t => {
  const boards = merge([fastboot('1-1'), fastboot('1-2')]);
  t.deepEqual(
    boards.map(({ routes }) => routes[0]?.usbPort),
    ['1-1', '1-2'],
  );
});

test('a paired board keeps its name in fastboot, where its serial number is known', t => {
  const [board] = merge([fastboot('1-1')], [{ name: 'otter', hostKey: HOST_KEY, serialNumber: SERIAL }]);
  t.is(board?.name, 'otter');
  t.is(board?.state, 'fastboot');
});
