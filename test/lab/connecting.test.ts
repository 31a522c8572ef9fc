import type { ExecutionContext } from 'ava';
import type { LabBoard } from './board.js';
import { DeskUser } from './desk-user.js';
import { startLab } from './lab.js';
import { labTest } from './lab-test.js';

/** Makes each login take seconds, as on a board that is busy. */
async function slowDown(board: LabBoard, seconds: number, ...lines: readonly string[]): Promise<void> {
  const script = `#!/bin/sh\nsleep ${String(seconds)}\ncat /home/mendel/.ssh/authorized_keys\n`;
  await board.shell('cat >/usr/local/sbin/slow-keys; chmod 755 /usr/local/sbin/slow-keys', script);
  await board.configureSshd(
    ...lines,
    'AuthorizedKeysFile none',
    'AuthorizedKeysCommand /usr/local/sbin/slow-keys',
    'AuthorizedKeysCommandUser root',
  );
}

labTest('a command makes one login, however slow the board and however many routes there are', async t => {
  await using lab = await startLab({ boards: [{ links: ['lan', 'usb'] }] });
  const [board, user] = [lab.board(), await DeskUser.of(t, lab)];
  await user.must(['pair', board.name]);
  // Each way to it is known then.
  for (const { routes } of await user.allDevices(2)) {
    for (const route of routes) {
      if (route.kind === 'ssh' && !route.address.startsWith('fe80'))
        await user.must(['-d', route.address, 'exec', 'true']);
    }
  }
  await slowDown(board, 2);
  await user.must(['-d', board.name, 'exec', 'true']);
  t.is((await board.sshdLog('Accepted publickey')).length, 1);
  t.deepEqual(await board.sshdLog('authenticating user'), [], 'others were in the middle of a login');
});

labTest('twenty commands at once all get their turn where sshd allows three logins under way', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'] }] });
  const [board, user] = [lab.board(), await DeskUser.of(t, lab)];
  await user.must(['pair', board.name]);
  await slowDown(board, 1, 'MaxStartups 3', 'LogLevel VERBOSE');
  const results = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => user.mdt(['-d', board.name, 'exec', 'echo', String(index)])),
  );
  t.deepEqual(
    results.map(({ code, stdout, stderr }) => (code === 0 ? stdout.toString().trim() : stderr.toString())),
    results.map((_, index) => String(index)),
  );
  t.true((await board.sshdLog('MaxStartups')).length > 0, 'the limit was never reached');
});

/** What may be wrong on a board that let this host in before. */
const REFUSALS: Readonly<Record<string, (board: LabBoard) => Promise<unknown>>> = {
  'a home that all may write': board => board.shell('chmod 777 /home/mendel'),
  DenyUsers: board => board.configureSshd('DenyUsers mendel'),
  'a changed authorized_keys': board =>
    board.shell('echo "ssh-rsa AAAAB3NzaC1yc2E other mdt" >/home/mendel/.ssh/authorized_keys'),
  'no RSA': board => board.configureSshd('PubkeyAcceptedAlgorithms ssh-ed25519'),
};

for (const [name, break_] of Object.entries(REFUSALS)) {
  labTest(`a known board that refuses the key for ${name} is not told as unpaired`, async t => {
    await using lab = await startLab({ boards: [{ links: ['usb', 'lan'] }] });
    const [board, user] = [lab.board(), await DeskUser.of(t, lab)];
    await user.must(['pair', board.name]);
    await break_(board);
    await refusesKnownKey(t, user, board);
  });
}

async function refusesKnownKey(t: ExecutionContext, user: DeskUser, board: LabBoard): Promise<void> {
  for (const words of [
    ['-d', board.name, 'pull', 'x', '.'],
    ['unpair', board.name],
  ]) {
    const { code, stderr } = await user.mdt(words);
    const text = stderr.toString();
    t.is(code, 4, text);
    t.regex(text, /refuses the key of this host, which it accepted before \(last noted on \d{4}-\d\d-\d\d\)/);
    t.regex(text, /hint: .*journalctl -u ssh.*home, \.ssh or authorized_keys.*mendel.*DenyUsers.*type of key/);
    t.notRegex(text, /not paired|another host/i);
  }
}

labTest('over the LAN alone no other host is blamed, and the USB cable is named', async t => {
  await using lab = await startLab({ boards: [{ links: ['lan'] }] });
  const user = await DeskUser.of(t, lab);
  const { code, stderr } = await user.mdt(['pair', lab.board().name]);
  t.is(code, 4, stderr.toString());
  t.notRegex(stderr.toString(), /another host|password was not accepted/i);
  t.regex(stderr.toString(), /hint: .*USB.*mdt pair --console/);
});

labTest('a board whose keymaster comes up seconds after sshd is paired', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'], keymaster: 'none' }] });
  const [board, user] = [lab.board(), await DeskUser.of(t, lab)];
  const pairing = user.spawn(['pair']);
  let said = '';
  pairing.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise(resolve => pairing.once('close', resolve));
  while (!said.includes('does not listen')) await new Promise(resolve => pairing.stderr.once('data', resolve));
  await board.startKeymaster();
  t.is(await ended, 0, said);
});

labTest('a board that listens on another port is reached there, and the hint says how', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'] }] });
  const [board, user] = [lab.board(), await DeskUser.of(t, lab)];
  await user.must(['pair', board.name]);
  await board.configureSshd('Port 2222');
  const { stderr } = await user.mdt(['-d', board.name, 'exec', 'true']);
  t.regex(stderr.toString(), new RegExp(`Cannot connect to ${board.name}: .*\nhint: .*BOARD:PORT`));
  t.notRegex(stderr.toString(), /fe80/);
  for (const selector of [`${board.name}:2222`, `mendel@${board.name}:2222`, `ssh://mendel@${board.name}:2222`]) {
    t.is(await user.must(['-d', selector, 'exec', 'hostname']), `${board.name}\n`);
  }
});

/** Waits until a program of this command line runs on the board, or none does. */
async function waitForProgram(board: LabBoard, pattern: string, isThere: boolean): Promise<void> {
  const wanted = isThere ? '' : '!';
  const search = `grep -lsaxz -e '${pattern}' /proc/[0-9]*/cmdline >/dev/null`;
  await board.shell(`timeout 30 sh -c 'until ${wanted} ${search.replaceAll("'", `'"'"'`)}; do sleep 0.1; done'`);
}

for (const input of ['open', 'ended'] as const) {
  labTest(`Ctrl-C ends what runs on the board without a terminal, while standard input is ${input}`, async t => {
    await using lab = await startLab({ boards: [{ links: ['usb'] }] });
    const [board, user] = [lab.board(), await DeskUser.of(t, lab)];
    await user.must(['pair', board.name]);
    const running = user.spawn(['-d', board.name, 'exec', '--', 'sleep', '54321']);
    running.stderr.resume();
    const ended = new Promise(resolve => running.once('close', resolve));
    if (input === 'ended') running.stdin.end();
    await waitForProgram(board, '54321', true);
    running.kill('SIGINT');
    t.is(await ended, 130);
    await waitForProgram(board, '54321', false);
    t.pass();
  });
}
