// Logging in through the real agetty, login and bash, on a board of the lab.
import { Duplex } from 'node:stream';
import type { ExecutionContext } from 'ava';
import type { ConsolePort } from '../../src/console/console-port.js';
import { detectState } from '../../src/console/detect.js';
import { login } from '../../src/console/linux-login.js';
import { StreamPort } from '../../src/console/stream-port.js';
import { DeskUser } from '../lab/desk-user.js';
import { startLab, type Lab } from '../lab/lab.js';
import { labTest } from '../lab/lab-test.js';

const PORT = 2000;
const MENDEL = { username: 'mendel', password: 'mendel' };

async function labWithConsole(): Promise<Lab> {
  const lab = await startLab({ boards: [{ name: 'swift-otter', keymaster: 'none', announce: false }] });
  await lab.board().startConsole(PORT);
  return lab;
}

/** The console of the lab's board, as a process on it sees it. */
function consoleOf(lab: Lab): ConsolePort {
  const { stdin, stdout } = lab.board().namespace.spawn(['socat', '-', `TCP:127.0.0.1:${String(PORT)}`]);
  return new StreamPort(Duplex.from({ readable: stdout, writable: stdin }), {
    name: 'console',
    lostHint: '',
    close: async () => {
      await new Promise<void>(resolve => {
        stdout.once('close', resolve);
        stdin.end();
      });
    },
  });
}

labTest('mendel logs in on the console, runs commands, and leaves it as it was', async t => {
  await using lab = await labWithConsole();
  await using port = consoleOf(lab);
  t.deepEqual(await detectState(port), { kind: 'login-prompt', hostName: 'swift-otter' });
  {
    await using shell = await login(port, MENDEL);
    const run = async (command: string): Promise<{ output: string; code: number }> =>
      await shell.run(command, { operation: 'testing' });
    t.deepEqual(await run('id -un; pwd'), { output: 'mendel\n/home/mendel\n', code: 0 });
    t.deepEqual(await run('printf "no end"; exit 7'), { output: 'no end', code: 7 });
    t.deepEqual(await run('echo out; echo err >&2; false'), { output: 'out\nerr\n', code: 1 });
    t.deepEqual(await run('seq 1 2000 | tail -n 1'), { output: '2000\n', code: 0 });
    t.is(
      (await run('seq 1 2000')).output,
      Array.from({ length: 2000 }, (_, index) => `${String(index + 1)}\n`).join(''),
    );
    const long = 'x'.repeat(3500);
    t.deepEqual(await run(`echo ${long} | wc -c`), { output: '3501\n', code: 0 });
    await t.throwsAsync(shell.run('x'.repeat(5000), { operation: 'testing' }), { instanceOf: RangeError });
  }
  t.deepEqual(await detectState(port), { kind: 'login-prompt', hostName: 'swift-otter' });
});

labTest('a wrong password is told as that', async t => {
  await using lab = await labWithConsole();
  await using port = consoleOf(lab);
  const error = await t.throwsAsync(login(port, { ...MENDEL, password: 'wrong' }), { code: 'PAIRING_REFUSED' });
  t.regex(error.message, /does not take this password for mendel/);
  // And it does no harm: the right one is taken next.
  await using shell = await login(port, MENDEL);
  t.is(await shell.mustRun('id -un', { operation: 'testing' }), 'mendel\n');
});

labTest('a shell that somebody has left open is used, and stays open', async t => {
  await using lab = await labWithConsole();
  await using port = consoleOf(lab);
  await openByHand(t, port);
  await port.write('a line that nobody has ended');
  {
    await using shell = await login(port, MENDEL);
    t.is(await shell.mustRun('id -un', { operation: 'testing' }), 'mendel\n');
  }
  t.like(await detectState(port), { kind: 'shell' });
  await port.write('exec sudo -i\r');
  t.like(await detectState(port), { kind: 'shell' });
  {
    await using shell = await login(port, MENDEL);
    t.is(await shell.mustRun('id -un; pwd', { operation: 'testing' }), 'mendel\n/home/mendel\n');
  }
  t.like(await detectState(port), { kind: 'shell' });
});

labTest('a program that has the console is left alone', async t => {
  await using lab = await labWithConsole();
  await using port = consoleOf(lab);
  await openByHand(t, port);
  await port.write('cat\r');
  const error = await t.throwsAsync(login(port, MENDEL), { code: 'BOARD_REFUSED' });
  t.regex(error.message, /is busy with something else/);
});

labTest('pair --console lets a host in that the keymaster and sshd refuse', async t => {
  await using lab = await labWithConsole();
  const board = lab.board();
  await board.authorize('ssh-rsa AAAA mdt\n');
  // As it was after a slip with sudo: sshd takes no key from such a folder.
  await board.shell(
    'chmod -R 777 ~mendel/.ssh; chown -R root:root ~mendel/.ssh; printf "no line end" >> ~mendel/.ssh/authorized_keys',
  );
  const user = await DeskUser.of(t, lab);
  await user.must(['genkey', '--type', 'ed25519']);
  const words = ['pair', '--console', `tcp:${board.address}:${String(PORT)}`];
  t.is(await user.must(words), 'swift-otter is paired (by console)\n');
  t.is(await user.must(['-d', 'swift-otter', 'exec', 'hostname']), 'swift-otter\n');
  t.is(await board.shell('stat -c "%U %a" ~mendel/.ssh ~mendel/.ssh/authorized_keys'), 'mendel 700\nmendel 600');
  t.is(await user.must(words), 'swift-otter was paired already\n');
  t.is((await board.shell('cat ~mendel/.ssh/authorized_keys')).split('\n').length, 3);
});

labTest('pair --console pins the host key of the board, and a new one only when told to', async t => {
  await using lab = await labWithConsole();
  const board = lab.board();
  const user = await DeskUser.of(t, lab);
  await user.must(['genkey', '--type', 'ed25519']);
  const words = ['pair', '--console', `tcp:${board.address}:${String(PORT)}`];
  await user.must(words);
  await board.changeHostKeys();
  t.is((await user.mdt(['-d', 'swift-otter', 'exec', 'true'])).code, 255);
  const refused = await user.mdt(words);
  t.is(refused.code, 4);
  t.regex(refused.stderr.toString(), /is not the one it had.*nothing was changed\.\nhint: .*--new-host-key/);
  t.is(await user.must([...words, '--new-host-key']), 'swift-otter was paired already\n');
  t.is(await user.must(['-d', 'swift-otter', 'exec', 'hostname']), 'swift-otter\n');
});

/** Logs in as a person does, and leaves the shell open. */
async function openByHand(t: ExecutionContext, port: ConsolePort): Promise<void> {
  const said = async (pattern: RegExp): Promise<void> => {
    for (let text = ''; !pattern.test(text);) text += (await port.read()).toString();
  };
  t.like(await detectState(port), { kind: 'login-prompt' });
  await port.write('mendel\r');
  await said(/Password: /);
  await port.write('mendel\r');
  await said(/\$ $/);
}
