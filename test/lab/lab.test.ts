import { openSshPeers } from './openssh.js';
import { startDeskAvahi } from './desk-avahi.js';
import { startLab } from './lab.js';
import { labTest } from './lab-test.js';
import { mustRun } from './program.js';
import { tempDir } from '../fixtures/temp-dir.js';

/** Prints the milliseconds of the fastest of twenty TCP handshakes. */
const FASTEST_CONNECT = `
const connect = () => new Promise((resolve, reject) => {
  const start = performance.now();
  const socket = require('node:net').connect(22, process.argv[1], () => { socket.destroy(); resolve(performance.now() - start); });
  socket.on('error', reject);
});
(async () => { let best = Infinity; for (let i = 0; i < 20; i++) best = Math.min(best, await connect()); console.log(best); })();
`;

/** Sends its argument to the keymaster of the board on USB and prints the answer. */
const PUT_KEY = `
fetch('http://192.168.100.2:41337/', { method: 'PUT', body: process.argv[1] })
  .then(answer => answer.text()).then(console.log, error => { console.error(error.cause.code); process.exit(1); });
`;

labTest('a key in authorized_keys opens a session with the own client of OpenSSH', async t => {
  await using lab = await startLab();
  const [peer] = await openSshPeers(lab.boards, await tempDir(t));
  t.truthy(peer);
  if (peer === undefined) return;
  const command = 'id -un; hostname; cat /etc/mendel_version; sudo -n true 2>/dev/null';
  const result = await lab.desk.run(['ssh', ...peer.options, peer.destination, command]);
  t.regex(result.stdout.toString(), new RegExp(`^mendel\n${lab.board().name}\n5.3\n`), result.stderr.toString());
});

labTest('avahi-browse sees twenty boards', async t => {
  const start = performance.now();
  await using lab = await startLab({ boards: 20 });
  t.log(`started in ${String(Math.round(performance.now() - start))} ms`);
  await startDeskAvahi(lab.desk);
  const text = await lab.desk.mustRun(['avahi-browse', '-rpt', '_googlemdt._tcp']);
  const names = text
    .split('\n')
    .filter(line => line.startsWith('='))
    .map(line => line.split(';')[3]);
  t.deepEqual([...new Set(names)].sort(), lab.boards.map(board => board.name).sort());
});

labTest('a link can be given a rate and a round-trip time', async t => {
  await using lab = await startLab();
  await lab.shape({ rateMbit: 40, roundTripMs: 10 });
  const [peer] = await openSshPeers(lab.boards, await tempDir(t));
  if (peer === undefined) return t.fail();
  const ssh = ['ssh', ...peer.options, peer.destination];
  const handshakeMs = Number(await lab.desk.mustRun([process.execPath, '-e', FASTEST_CONNECT, lab.board().address]));
  t.true(handshakeMs >= 10 && handshakeMs < 100, `${String(handshakeMs)} ms for one round trip of 10 ms`);
  const start = performance.now();
  await lab.desk.mustRun([
    'bash',
    '-c',
    `head -c 10000000 /dev/zero | ${ssh.map(word => `'${word}'`).join(' ')} 'cat >/dev/null'`,
  ]);
  const seconds = (performance.now() - start) / 1000;
  t.true(seconds > 1.9, `${String(seconds)} s for 80 Mbit at 40 Mbit/s`);
});

labTest('boards on USB links all have one address and one MAC, and the desk tells them apart by interface', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'] }, { links: ['usb'], release: 'chef' }] });
  t.is(lab.board(0).address, lab.board(1).address);
  const scan = (link: string): Promise<string> =>
    lab.desk.mustRun(['ssh-keyscan', '-t', 'ed25519', `fe80::22:78ff:fe0d:f6df%${link}`]);
  t.true((await scan('usb0')).includes(await lab.board(0).hostKeyLine()));
  t.true((await scan('usb1')).includes(await lab.board(1).hostKeyLine()));
  t.is(await lab.desk.mustRun(['cat', '/sys/class/net/usb0/device/../idProduct']), '9303');
  t.is(await lab.desk.mustRun(['cat', '/sys/class/net/usb1/device/../idProduct']), '0106');
  t.is(await lab.desk.mustRun(['ip', 'route', 'show', 'default']), '');
});

labTest('the keymaster of Eagle takes one proper key, then refuses connections', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'] }] });
  const put = (body: string): Promise<string> => lab.desk.mustRun([process.execPath, '-e', PUT_KEY, body]);
  t.is(await put('ssh-ed25519 AAAA mdt'), 'Invalid key');
  t.is(await put('ssh-rsa AAAA mdt\n'), 'Ok');
  await t.throwsAsync(put('ssh-rsa BBBB mdt'), { message: /ECONNREFUSED/ });
  t.is(await lab.board().shell('cat /home/mendel/.ssh/authorized_keys'), 'ssh-rsa AAAA mdt');
});

labTest('nothing of a lab is left when it is closed', async t => {
  const links = await mustRun(['ip', '-o', 'link']);
  const mounts = await mustRun(['cat', '/proc/mounts']);
  const lab = await startLab();
  const pids = [lab.hub.pid, lab.desk.pid, lab.board().namespace.pid];
  await lab[Symbol.asyncDispose]();
  for (const pid of pids) t.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  t.is(await mustRun(['ip', '-o', 'link']), links);
  t.is(await mustRun(['cat', '/proc/mounts']), mounts);
});
