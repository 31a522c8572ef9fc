import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { Device } from '../../src/device/device.js';
import { formatRoute } from '../../src/device/route.js';
import type { DeviceSelector } from '../../src/device/selector.js';
import type { DeviceChange } from '../../src/discovery/watch.js';
import { withDeadline } from '../../src/time/deadline.js';
import { startDeskAvahi } from '../lab/desk-avahi.js';
import { cable } from '../lab/links.js';
import { startLab, type Lab } from '../lab/lab.js';
import { labTest } from '../lab/lab-test.js';
import { searchAgain } from '../fixtures/search-again.js';

const FIND = join(import.meta.dirname, 'find.js');
/** What a Mendel board's link-local address is on USB, since all have one MAC. */
const GADGET_LINK_LOCAL = 'fe80::22:78ff:fe0d:f6df';

interface Told {
  readonly ms: number;
  readonly devices: Device[];
  readonly warnings: string[];
}

interface Search {
  readonly wanted?: DeviceSelector;
  /** How many ways lead to all boards together; default: they are not counted. */
  readonly routes?: number;
}

/** Finds all boards of the lab, or the one that is wanted. */
function find(lab: Lab, { wanted, routes = 0 }: Search = {}): Promise<Told> {
  const isWhole = ({ devices }: Told): boolean => {
    if (wanted !== undefined) return devices.length > 0;
    return devices.length >= lab.boards.length && devices.flatMap(device => device.routes).length >= routes;
  };
  return searchAgain(() => findOnce(lab, wanted === undefined ? {} : { wanted }), isWhole);
}

async function findOnce(lab: Lab, options: { readonly wanted?: DeviceSelector }): Promise<Told> {
  const text = await lab.desk.mustRun([process.execPath, FIND, 'discover', JSON.stringify(options)]);
  // find.ts writes these lines.
  const lines = text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { ms: number; devices?: Device[]; warning?: string });
  return {
    ms: lines.at(-1)?.ms ?? 0,
    devices: lines.flatMap(line => line.devices ?? []),
    warnings: lines.flatMap(line => line.warning ?? []),
  };
}

/** `watch` at the desk: each call of `next` resolves with the next change. */
function startWatching(lab: Lab): { next(): Promise<string>; end(): Promise<void> } {
  const program = lab.desk.spawn([process.execPath, FIND, 'watch']);
  const lines: AsyncIterator<string, undefined> = createInterface(program.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done) return 'end';
    // find.ts writes this line.
    const told = JSON.parse(line.value) as DeviceChange & { warning?: string };
    // On a busy host the second route of a board may come so late that it is a change of its own.
    return told.warning === undefined && told.kind !== 'changed' ? `${told.kind} ${told.device.name}` : next();
  };
  return {
    next: () => withDeadline({ operation: 'waiting for a change', timeoutMs: 60_000 }, next),
    end: async () => {
      program.stdin.end();
      await withDeadline({ operation: 'waiting for the end', timeoutMs: 60_000 }, async () => {
        while ((await next()) !== 'end');
      });
    },
  };
}

function namesOf(devices: readonly Device[]): string[] {
  return devices.map(device => device.name);
}

function routesOf(device: Device | undefined): string[] {
  return (device?.routes ?? []).map(route => `${route.medium} ${formatRoute(route)}`);
}

labTest('twenty boards on a LAN are all found, beside an avahi-daemon on this host too', async t => {
  await using lab = await startLab({ boards: 20 });
  const names = lab.boards.map(board => board.name).sort();
  const alone = await find(lab);
  t.deepEqual(namesOf(alone.devices), names);
  t.deepEqual(alone.warnings, []);
  await startDeskAvahi(lab.desk);
  const beside = await find(lab);
  t.deepEqual(namesOf(beside.devices), names);
  t.log(`alone ${String(alone.ms)} ms, beside avahi-daemon ${String(beside.ms)} ms, with the start of Node`);
});

labTest('the search for one board ends when it has answered', async t => {
  await using lab = await startLab({ boards: 2 });
  const { name } = lab.board(1);
  const { devices, ms } = await find(lab, { wanted: { kind: 'name', name } });
  t.true(namesOf(devices).includes(name));
  t.log(`${String(ms)} ms, with the start of Node`);
});

labTest('with only a USB link and no default route, the board is found over it', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'] }] });
  const { devices, warnings } = await find(lab, { routes: 2 });
  t.deepEqual(namesOf(devices), [lab.board().name]);
  t.deepEqual(routesOf(devices[0]), ['usb-network 192.168.100.2', `usb-network ${GADGET_LINK_LOCAL}%usb0`]);
  t.is(devices[0]?.serialNumber, lab.board().name);
  t.is(devices[0]?.routes[0]?.usbPort, '1-1');
  t.deepEqual(warnings, []);
});

labTest('with the default route on the LAN, boards on USB are found, and one on both is one board', async t => {
  await using lab = await startLab({ boards: [{ links: ['lan', 'usb'] }, { links: ['lan'] }, { links: ['usb'] }] });
  const { devices } = await find(lab, { routes: 8 });
  t.deepEqual(namesOf(devices), lab.boards.map(board => board.name).sort());
  const both = devices.find(device => device.name === lab.board(0).name);
  t.deepEqual(
    both?.routes.map(route => route.medium),
    ['usb-network', 'usb-network', 'lan', 'lan'],
  );
});

labTest('two boards with one address and one MAC on two USB ports are two boards', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'] }, { links: ['usb'] }] });
  const { devices } = await find(lab);
  const routes = lab.boards.map(board => routesOf(devices.find(device => device.name === board.name)));
  t.is(routes[0]?.[0], `usb-network ${GADGET_LINK_LOCAL}%usb0`);
  t.is(routes[1]?.[0], `usb-network ${GADGET_LINK_LOCAL}%usb1`);
  t.is(devices.length, 2);
});

labTest('two boards on two USB ports stay two where their names are equal too', async t => {
  await using lab = await startLab({
    boards: [
      { links: ['usb'], name: 'same' },
      { links: ['usb'], name: 'same' },
    ],
  });
  const { devices } = await find(lab);
  t.deepEqual(
    devices.map(device => [device.name, device.routes[0]?.usbPort]),
    [
      ['same', '1-1'],
      ['same', '1-2'],
    ],
  );
});

labTest('a board on USB is found where multicast is blocked, Chef included, whose gadget tells no name', async t => {
  await using lab = await startLab({
    boards: [
      { links: ['usb'], announce: false },
      { links: ['usb'], announce: false, release: 'chef' },
    ],
  });
  const { devices } = await find(lab);
  t.deepEqual(namesOf(devices), ['', lab.board(0).name]);
  t.deepEqual(
    devices.map(device => device.routes[0]?.usbPort),
    ['1-2', '1-1'],
  );
});

labTest('a goodbye is told within a second, and the board again when it is back', async t => {
  await using lab = await startLab({ boards: 1 });
  const { name } = lab.board();
  const watching = startWatching(lab);
  t.is(await watching.next(), `added ${name}`);
  const stoppedAt = performance.now();
  const going = watching.next().then(text => ({ text, afterMs: Math.round(performance.now() - stoppedAt) }));
  await lab.board().stopAvahi();
  const { text, afterMs } = await going;
  t.is(text, `removed ${name}`);
  t.log(`removed ${String(afterMs)} ms after avahi was told to stop`);
  await lab.board().startAvahi();
  t.is(await watching.next(), `added ${name}`);
  await watching.end();
});

labTest('an interface that vanishes takes its board with it and no other', async t => {
  await using lab = await startLab({ boards: [{ links: ['lan'] }, { links: ['usb'] }] });
  const names = lab.boards.map(board => board.name);
  const watching = startWatching(lab);
  t.deepEqual([await watching.next(), await watching.next()].sort(), names.map(name => `added ${name}`).sort());
  await lab.desk.ip(['link del usb0']);
  t.is(await watching.next(), `removed ${names[1] ?? ''}`);
  await lab.board(0).stopAvahi();
  t.is(await watching.next(), `removed ${names[0] ?? ''}`);
  await watching.end();
});

labTest('with two interfaces on one LAN, each board is one board, and its goodbye is heard', async t => {
  await using lab = await startLab({ boards: 2 });
  await cable(lab.hub, 'desk2', lab.desk, 'wlan0');
  await lab.hub.ip(['link set desk2 master lan up']);
  await lab.desk.ip(['link set wlan0 up', 'addr add 10.77.0.2/24 brd + dev wlan0']);
  t.deepEqual(namesOf((await find(lab)).devices), lab.boards.map(board => board.name).sort());
  const watching = startWatching(lab);
  t.regex(await watching.next(), /^added /);
  t.regex(await watching.next(), /^added /);
  const { name } = lab.board();
  await lab.board().stopAvahi();
  const text = await watching.next();
  // The board may be told to have changed in between: the goodbye is heard on one interface before the other.
  t.is(text.startsWith('changed') ? await watching.next() : text, `removed ${name}`);
  await watching.end();
});

labTest('where this host has no IPv4 address on the cable, the board is found by IPv6 alone', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'] }] });
  await lab.desk.ip(['addr del 192.168.100.50/24 dev usb0']);
  const { devices } = await find(lab);
  t.is(routesOf(devices[0])[0], `usb-network ${GADGET_LINK_LOCAL}%usb0`);
  t.deepEqual(namesOf(devices), [lab.board().name]);
});

labTest('an adapter whose other end is dead silences no other', async t => {
  await using lab = await startLab({ boards: 1 });
  await lab.desk.ip([
    'link add dead type veth peer name end',
    'addr add 10.99.0.1/24 dev dead',
    'link set dead up',
    'link add deaf type veth peer name wall',
    'addr add 10.98.0.1/24 dev deaf',
    'link set wall up',
    'link set deaf multicast off up',
  ]);
  t.deepEqual(namesOf((await find(lab)).devices), [lab.board().name]);
});

/** Shell lines that add `count` cables between interfaces of the desk, none of which leads to a board. */
function addInterfaces(count: number): string {
  const lines = [`for n in $(seq ${String(count)}); do`, 'ip link add x$n type veth peer name y$n'];
  return [...lines, 'ip link set x$n up', 'ip link set y$n up', 'done'].join('\n');
}

labTest('interfaces whose IPv6 addresses are still checked for duplicates are no reason to warn', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'] }] });
  const checking = ['cd /proc/sys/net/ipv6/conf/default', 'echo 1 >accept_dad', 'echo 60 >dad_transmits'];
  await lab.desk.mustRun(['sh', '-ec', [...checking, addInterfaces(15)].join('\n')]);
  const { devices, warnings } = await findOnce(lab, {});
  t.true((await lab.desk.mustRun(['ip', '-6', 'address'])).includes('tentative'));
  t.deepEqual(namesOf(devices), [lab.board().name]);
  t.deepEqual(warnings, []);
});

labTest('among hundreds of interfaces the cable of a board is found as fast as among few', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'] }] });
  const among = async (): Promise<Told> => {
    const found = await find(lab, { routes: 2 });
    t.deepEqual(namesOf(found.devices), [lab.board().name]);
    t.deepEqual(found.warnings, []);
    return found;
  };
  const few = await among();
  await lab.desk.mustRun(['sh', '-ec', addInterfaces(240)]);
  const many = await among();
  t.log(`${String(few.ms)} ms among few, ${String(many.ms)} ms among 480 more, with the start of Node`);
});
