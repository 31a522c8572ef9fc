import { once } from 'node:events';
import { DeskUser } from './desk-user.js';
import { GADGET_ADDRESS } from './links.js';
import { startLab } from './lab.js';
import { labTest } from './lab-test.js';
import { LineReader } from './program.js';

labTest('twenty boards on the LAN are all found, each once', async t => {
  await using lab = await startLab({ boards: 20 });
  const user = await DeskUser.of(t, lab);
  const devices = await user.allDevices();
  t.deepEqual(devices.map(device => device.name).sort(), lab.boards.map(board => board.name).sort());
  for (const board of lab.boards) {
    const device = devices.find(({ name }) => name === board.name);
    t.true(
      device?.routes.some(route => route.kind === 'ssh' && route.address === board.lanAddress),
      board.name,
    );
  }
});

labTest('a board is found with only a USB link and no default route', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'] }] });
  const user = await DeskUser.of(t, lab);
  t.is(await lab.desk.mustRun(['ip', 'route', 'show', 'default']), '');
  const [device] = await user.allDevices();
  t.is(device?.name, lab.board().name);
  t.true(device?.routes.every(route => route.medium === 'usb-network' && route.usbPort === '1-1'));
});

labTest('a board on USB is found where the default route leads elsewhere, and its two links are one board', async t => {
  await using lab = await startLab({ boards: [{ links: ['lan', 'usb'] }] });
  const user = await DeskUser.of(t, lab);
  t.regex(await lab.desk.mustRun(['ip', 'route', 'show', 'default']), /dev eth0/);
  const devices = await user.allDevices(2);
  t.is(devices.length, 1);
  t.deepEqual([...new Set(devices[0]?.routes.map(route => (route.kind === 'ssh' ? route.interface : null)))].sort(), [
    'eth0',
    'usb0',
  ]);
});

labTest('two boards with the same address and MAC stay two, and each can be used', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'] }, { links: ['usb'] }] });
  const user = await DeskUser.of(t, lab);
  const key = await user.publicKey();
  for (const board of lab.boards) await board.authorize(key);
  t.deepEqual((await user.allDevices()).map(device => device.name).sort(), lab.boards.map(board => board.name).sort());
  for (const board of lab.boards) t.is(await user.must(['-d', board.name, 'exec', 'hostname']), `${board.name}\n`);
  for (const { name, usb } of lab.boards) {
    t.is(await user.must(['-d', `usb:${usb?.usbPort ?? ''}`, 'exec', 'hostname']), `${name}\n`);
  }
});

labTest('a board that announces nothing is found at the gadget address', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'], announce: false }] });
  const user = await DeskUser.of(t, lab);
  const [device] = await user.allDevices();
  t.true(
    device?.routes.some(
      route => route.kind === 'ssh' && route.address === GADGET_ADDRESS && route.interface === 'usb0',
    ),
  );
});

labTest('one dead adapter does not hide the boards behind the others', async t => {
  await using lab = await startLab({ boards: [{ links: ['lan'] }, { links: ['usb'] }] });
  const user = await DeskUser.of(t, lab);
  await lab.desk.ip([
    'link add dead0 type bridge',
    'addr add 10.99.0.1/24 dev dead0',
    'link set dead0 up',
    'link add dead1 type veth peer name dead2',
    'addr add 10.98.0.1/24 dev dead1',
    'link set dead1 up multicast off',
  ]);
  t.deepEqual((await user.allDevices()).map(device => device.name).sort(), lab.boards.map(board => board.name).sort());
});

labTest('an interface that vanishes during the search ends neither the search nor the watch', async t => {
  await using lab = await startLab({ boards: [{ links: ['lan'] }, { links: ['usb'] }] });
  const user = await DeskUser.of(t, lab);
  const watching = user.spawn(['devices', '--watch']);
  const closed = once(watching, 'close');
  const changes = new LineReader(watching.stdout);
  await changes.waitFor(new RegExp(`^added ${lab.board(1).name}\t`));
  const searching = user.devices('--timeout', '20');
  await lab.desk.ip(['link del usb0']);
  await changes.waitFor(new RegExp(`^removed ${lab.board(1).name}\t`), 60_000);
  t.true((await searching).some(device => device.name === lab.board(0).name));
  watching.kill('SIGINT');
  await closed;
});

labTest('a board that goes away is told, and one that comes', async t => {
  await using lab = await startLab({ boards: 2 });
  const user = await DeskUser.of(t, lab);
  const watching = user.spawn(['devices', '--watch']);
  const closed = once(watching, 'close');
  const [first, second] = [lab.board(0), lab.board(1)];
  const changes = new LineReader(watching.stdout);
  await changes.waitFor(new RegExp(`^added ${first.name}\t`));
  await first.stopAvahi();
  await changes.waitFor(new RegExp(`^removed ${first.name}\t`));
  await first.startAvahi();
  await changes.waitFor(new RegExp(`^added ${first.name}\t`));
  t.is(changes.lines.filter(line => line.startsWith(`added ${second.name}\t`)).length, 1, changes.lines.join('\n'));
  watching.kill('SIGINT');
  await closed;
});
