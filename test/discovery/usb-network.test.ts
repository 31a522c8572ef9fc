import test from 'ava';
import { discover } from '../../src/discovery/discover.js';
import type { Link } from '../../src/discovery/interfaces.js';
import { usbNetworkSource } from '../../src/discovery/usb-network.js';
import { watch } from '../../src/discovery/watch.js';
import { formatRoute } from '../../src/device/route.js';
import type { ProbeTarget } from '../../src/discovery/ssh-probe.js';
import { pretendLink } from './pretend-links.js';

const LINK_LOCAL = 'fe80::22:78ff:fe0d:f6df';

function cable(id: string, cidrs: readonly string[], usbPort: string, hostName?: string): Link {
  const identity = hostName === undefined ? {} : { serialNumber: hostName, hostName };
  return pretendLink(id, cidrs, { gadget: { usbPort, ...identity } });
}

/** Answers for the hosts in `answers` with this host's own address of the connection. */
function probing(answers: Readonly<Record<string, string>>, asked: string[] = []) {
  return ({ host }: ProbeTarget): Promise<string | undefined> => {
    asked.push(host);
    return Promise.resolve(answers[host]);
  };
}

async function found(links: readonly Link[], answers: Readonly<Record<string, string>>): Promise<string[][]> {
  const source = usbNetworkSource({ links: () => Promise.resolve(links), probe: probing(answers) });
  const timeoutMs = Object.keys(answers).length > 1 ? 20_000 : 400;
  const devices = await discover({ sources: [source], timeoutMs });
  return devices.map(device => [device.name, ...device.routes.map(formatRoute)]);
}

test('the known addresses are asked on the cables of boards only, and never this host itself', async t => {
  const asked: string[] = [];
  const links = [
    pretendLink('eth0', ['192.168.100.9/24']),
    cable('usb0', ['192.168.100.50/24', 'fe80::1/64'], '1-1'),
    cable('usb1', ['192.168.101.2/24'], '1-2'),
  ];
  const source = usbNetworkSource({ links: () => Promise.resolve(links), probe: probing({}, asked) });
  t.deepEqual(await discover({ sources: [source], timeoutMs: 100 }), []);
  t.deepEqual(asked.sort(), ['192.168.100.2', 'fe80::22:78ff:fe0d:f6de%usb0', 'fe80::22:78ff:fe0d:f6df%usb0']);
});

test('a board that answers is told with its USB port, serial number and name', async t => {
  const links = [cable('usb0', ['192.168.100.50/24'], '1-1.4', 'swift-otter')];
  const source = usbNetworkSource({
    links: () => Promise.resolve(links),
    probe: probing({ '192.168.100.2': '192.168.100.50' }),
  });
  const [device] = await discover({ sources: [source] });
  t.is(device?.name, 'swift-otter');
  t.is(device?.serialNumber, 'swift-otter');
  t.deepEqual(device?.routes, [
    {
      kind: 'ssh',
      medium: 'usb-network',
      address: '192.168.100.2',
      port: 22,
      interface: 'usb0',
      usbPort: '1-1.4',
    },
  ]);
});

test('of two cables with one IPv4 address, the answer counts for the one it came over', async t => {
  const links = [
    cable('usb0', ['192.168.100.50/24', 'fe80::1/64'], '1-1', 'one'),
    cable('usb1', ['192.168.100.51/24', 'fe80::2/64'], '1-2', 'two'),
  ];
  const answers = { '192.168.100.2': '192.168.100.50', [`${LINK_LOCAL}%usb1`]: 'fe80::2' };
  t.deepEqual(await found(links, answers), [
    ['one', '192.168.100.2'],
    ['two', `${LINK_LOCAL}%usb1`],
  ]);
});

test('where this host has one address on both cables, an IPv4 answer tells nothing', async t => {
  const links = ['usb0', 'usb1'].map((id, index) => cable(id, ['192.168.100.50/24'], `1-${String(index)}`));
  t.deepEqual(await found(links, { '192.168.100.2': '192.168.100.50' }), []);
});

test('a board stays while its cable gets another address, and goes with its cable', async t => {
  const controller = new AbortController();
  let links = [cable('usb0', ['fe80::1/64'], '1-1', 'otter')];
  const answers = { [`${LINK_LOCAL}%usb0`]: 'fe80::1', '192.168.100.2': '192.168.100.50' };
  const source = usbNetworkSource({ links: () => Promise.resolve(links), probe: probing(answers) });
  const changes: string[] = [];
  for await (const { kind, device } of watch({ sources: [source], signal: controller.signal })) {
    changes.push(`${kind} ${device.name} ${String(device.routes.length)}`);
    if (changes.length === 1) links = [cable('usb0', ['fe80::1/64', '192.168.100.50/24'], '1-1', 'otter')];
    if (changes.length === 2) links = [];
    if (changes.length === 3) controller.abort();
  }
  t.deepEqual(changes, ['added otter 1', 'changed otter 2', 'removed otter 2']);
});

test('a board that does not answer yet is asked again', async t => {
  const links = [cable('usb0', ['192.168.100.50/24'], '1-1', 'otter')];
  let count = 0;
  const probe = (): Promise<string | undefined> => Promise.resolve(++count < 2 ? undefined : '192.168.100.50');
  const source = usbNetworkSource({ links: () => Promise.resolve(links), probe });
  const devices = await discover({ sources: [source], wanted: { kind: 'usb-port', usbPort: '1-1' } });
  t.is(devices.length, 1);
});
