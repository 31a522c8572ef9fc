import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { findGadget } from '../../src/discovery/gadget.js';
import { isContinued, isOnLink, linkFingerprint, listLinks, sharedLinks } from '../../src/discovery/interfaces.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { info, pretendLink } from './pretend-links.js';

/** Makes a /sys in which `network` belongs to the USB device 1-1.4. */
async function pretendSysfs(root: string, network: string, facts: Readonly<Record<string, string>>): Promise<void> {
  const device = join(root, 'devices', 'usb1', '1-1', '1-1.4');
  await mkdir(join(device, '1-1.4:1.0', 'net', network), { recursive: true });
  await mkdir(join(root, 'class', 'net', network), { recursive: true });
  await symlink(join(device, '1-1.4:1.0'), join(root, 'class', 'net', network, 'device'), 'junction');
  for (const [file, text] of Object.entries(facts)) await writeFile(join(device, file), `${text}\n`);
}

test('interfaces are told with their addresses and prefixes; those without an address are not', async t => {
  const interfaces = {
    lo: [info('127.0.0.1/8', { internal: true })],
    eth0: [info('10.0.0.5/24'), info('fe80::5/64')],
    gone: [],
  };
  t.deepEqual(await listLinks({ interfaces: () => interfaces, platform: 'linux', sysfsRoot: '/nowhere' }), [
    pretendLink('lo', ['127.0.0.1/8']),
    pretendLink('eth0', ['10.0.0.5/24', 'fe80::5/64']),
  ]);
});

test('on Windows an interface is called by the number that its scopes want', async t => {
  const interfaces = { 'Ethernet 2': [info('10.0.0.5/24'), info('fe80::5/64', { scopeid: 12 })] };
  const [link] = await listLinks({ interfaces: () => interfaces, platform: 'win32' });
  t.deepEqual([link?.id, link?.name], ['12', 'Ethernet 2']);
});

test('a host with hundreds of interfaces is searched on some of them', async t => {
  const interfaces = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [`veth${String(index)}`, [info('10.0.0.5/24')]]),
  );
  t.is((await listLinks({ interfaces: () => interfaces, platform: 'darwin' })).length, 64);
});

test('of hundreds of interfaces the cable of a board is searched, wherever the system lists it', async t => {
  const sysfsRoot = await tempDir(t);
  await pretendSysfs(sysfsRoot, 'usb0', { idVendor: '18d1', idProduct: '9303', serial: 'swift-otter' });
  const names = [...Array.from({ length: 300 }, (_, index) => `veth${String(index)}`), 'usb0'];
  const interfaces = Object.fromEntries(names.map(name => [name, [info('192.168.100.50/24')]]));
  const links = await listLinks({ interfaces: () => interfaces, platform: 'linux', sysfsRoot });
  t.is(links.length, 64);
  t.deepEqual([links[0]?.name, links[0]?.gadget?.usbPort], ['usb0', '1-1.4']);
});

test('hundreds of virtual interfaces are listed without a look at each, and after hardware', async t => {
  const sysfsRoot = await tempDir(t);
  // Looked at, this one would pass for the cable of a board.
  await pretendSysfs(sysfsRoot, 'veth7', { idVendor: '18d1', idProduct: '9303', serial: 'swift-otter' });
  const names = Array.from({ length: 300 }, (_, index) => `veth${String(index)}`);
  for (const name of names) await mkdir(join(sysfsRoot, 'devices', 'virtual', 'net', name), { recursive: true });
  const interfaces = Object.fromEntries([...names, 'eth0'].map(name => [name, [info('10.0.0.5/24')]]));
  const links = await listLinks({ interfaces: () => interfaces, platform: 'linux', sysfsRoot });
  t.deepEqual(
    links.slice(0, 2).map(link => link.name),
    ['eth0', 'veth0'],
  );
  t.deepEqual(
    links.filter(link => link.gadget !== undefined),
    [],
  );
});

test('all who ask at the same time get one list, and who asks later a new one', async t => {
  const lists = [[pretendLink('eth0', [])], [pretendLink('eth1', [])]];
  const links = sharedLinks(() => Promise.resolve(lists.shift() ?? []));
  const [first, second] = await Promise.all([links(), links()]);
  t.deepEqual([first[0]?.name, first], ['eth0', second]);
  t.is((await links())[0]?.name, 'eth1');
});

for (const [ids, what] of [
  [['18d1', '9303'], 'Day and later on i.MX'],
  [['18d1', '9304'], 'Day and later on MediaTek'],
] as const) {
  test(`a board is known by its USB ids: ${what}, whose serial number is the host name`, async t => {
    const root = await tempDir(t);
    await pretendSysfs(root, 'usb0', { idVendor: ids[0], idProduct: ids[1], serial: 'swift-otter' });
    t.deepEqual(await findGadget('usb0', root), {
      usbPort: '1-1.4',
      serialNumber: 'swift-otter',
      hostName: 'swift-otter',
    });
  });
}

test('a board is known by its USB ids: Chef, which tells no name', async t => {
  const root = await tempDir(t);
  await pretendSysfs(root, 'usb0', { idVendor: '04e8', idProduct: '0106' });
  t.deepEqual(await findGadget('usb0', root), { usbPort: '1-1.4' });
});

test('a serial number that is no host name is not taken for one, and is safe to print', async t => {
  const root = await tempDir(t);
  await pretendSysfs(root, 'usb0', { idVendor: '18d1', idProduct: '9303', serial: '\u001b[31mred' });
  t.deepEqual(await findGadget('usb0', root), { usbPort: '1-1.4', serialNumber: '[31mred' });
});

test('other USB devices, and interfaces without a device, are no boards', async t => {
  const root = await tempDir(t);
  await pretendSysfs(root, 'usb0', { idVendor: '0bda', idProduct: '8153' });
  await mkdir(join(root, 'class', 'net', 'eth0'));
  t.is(await findGadget('usb0', root), undefined);
  t.is(await findGadget('eth0', root), undefined);
  t.is(await findGadget('gone', root), undefined);
});

test('without sysfs a board is known by its address range together with a made-up MAC', async t => {
  const gadgetOf = async (cidr: string, mac: string): Promise<unknown> => {
    const interfaces = { en5: [info(cidr, { mac })] };
    const [link] = await listLinks({ interfaces: () => interfaces, platform: 'darwin' });
    return link?.gadget;
  };
  t.deepEqual(await gadgetOf('192.168.100.73/24', '02:22:78:0d:f6:dd'), {});
  t.deepEqual(await gadgetOf('192.168.101.73/24', '5e:00:00:00:00:01'), {});
  t.is(await gadgetOf('192.168.100.73/24', '3c:52:82:00:00:01'), undefined, 'a LAN in the range');
  t.is(await gadgetOf('192.168.100.73/16', '02:22:78:0d:f6:dd'), undefined, 'a wider network');
  t.is(await gadgetOf('192.168.10.73/24', '02:22:78:0d:f6:dd'), undefined, 'another range');
});

test('an address is on the link if its network is, and link-local IPv6 if the link has IPv6', t => {
  const link = pretendLink('eth0', ['192.168.100.50/24', '10.0.0.1/30', 'fd00:0:0:1::5/64', 'fe80::5/64']);
  const reached = ['192.168.100.2', '10.0.0.2', 'fd00:0:0:1:ffff::1', 'fe80::99'];
  const notReached = ['192.168.101.2', '10.0.0.4', 'fd00:0:0:2::1', '::1'];
  for (const address of reached) t.true(isOnLink(link, address), address);
  for (const address of notReached) t.false(isOnLink(link, address), address);
  t.false(isOnLink(pretendLink('eth0', ['10.0.0.1/24']), 'fe80::99'));
});

test('an interface that gets another address is continued; one that moves to another network or cable is not', t => {
  const before = pretendLink('eth0', ['10.0.0.5/24', 'fe80::5/64']);
  t.not(linkFingerprint(before), linkFingerprint(pretendLink('eth0', ['10.0.0.5/24'])));
  t.true(isContinued(before, pretendLink('eth0', ['10.0.0.5/24', 'fe80::5/64', 'fd00::5/64'])));
  t.false(isContinued(before, pretendLink('eth0', ['10.0.1.5/24', 'fe80::5/64'])));
  t.false(isContinued(before, pretendLink('eth1', ['10.0.0.5/24'])));
  t.false(isContinued(before, { ...before, gadget: { usbPort: '1-1' } }));
  const withoutIpv4 = pretendLink('usb0', ['fe80::5/64']);
  t.true(isContinued(withoutIpv4, pretendLink('usb0', ['192.168.100.50/24', 'fe80::5/64'])));
  t.false(isContinued(withoutIpv4, pretendLink('usb0', ['fe80::6/64'])));
});
