// What login does where there is no login prompt yet, or none to come; logging in itself is in linux-login.test.ts.
import test from 'ava';
import { login } from '../../src/console/linux-login.js';
import { BoardRefusedError, PairingRefusedError, TimeoutError, TransportError } from '../../src/errors.js';
import { commandLine, FakeConsole } from '../fakes/console.js';

const MENDEL = { username: 'mendel', password: 'wrong' };
const FIRST_BOOT = '\r[  *** ] A start job is running for Scripts that should be run only once (1min 11s / no limit)';
const PROMPT = 'Mendel GNU/Linux (eagle) swift-otter ttymxc0\r\n\r\nswift-otter login: ';

/** A login that takes no password. */
function getty(): (keys: string, board: FakeConsole) => void {
  const lines = ['\r\nPassword: ', `\r\nLogin incorrect\r\nswift-otter login: `];
  return (keys, board) => {
    board.say(keys.endsWith('\r') ? (lines.shift() ?? '') : keys);
  };
}

/** Logs in, and has the board say each text when the user has been told something more. */
async function loginDuring(
  first: string,
  ...next: readonly string[]
): Promise<{ told: string[]; typed: string; error: unknown }> {
  const told: string[] = [];
  const board = new FakeConsole(getty());
  const waiting = [...next];
  board.say(first);
  const error: unknown = await login(board.port, {
    ...MENDEL,
    onProgress: event => {
      if (event.kind !== 'message') return;
      told.push(event.text);
      const text = waiting.shift();
      if (text !== undefined) board.say(text);
    },
  }).catch((reason: unknown) => reason);
  return { told, typed: board.typed, error };
}

test('a first boot is waited for, and told', async t => {
  const { told, typed, error } = await loginDuring(FIRST_BOOT, FIRST_BOOT, PROMPT);
  t.true(error instanceof PairingRefusedError, String(error));
  t.deepEqual(told, [
    'The board is booting; waiting for its login prompt.',
    'It is its first boot, which takes some minutes.',
  ]);
  t.is(typed, 'mendel\rwrong\r', 'nothing is typed before the prompt');
});

test('a boot that turns out to be the first one is told as that', async t => {
  const { told } = await loginDuring('[    1.234567] imx-sdma: loaded firmware\r\n', FIRST_BOOT, PROMPT);
  t.regex(told.at(-1) ?? '', /first boot/);
});

for (const countdown of ['Hit any key to stop autoboot:  3 ', '\b\b\b 2 ']) {
  test(`a countdown (${JSON.stringify(countdown)}) is not stopped by who wants to log in`, async t => {
    const { typed, error } = await loginDuring(countdown, `\b\b\b 0 \r\nStarting kernel ...\r\n\r\n${PROMPT}`);
    t.true(error instanceof PairingRefusedError, String(error));
    t.is(typed, 'mendel\rwrong\r');
  });
}

test('at the prompt of U-Boot, and in fastboot, nobody can log in, and what to do is said', async t => {
  const atPrompt = new FakeConsole(commandLine({ prompt: 'u-boot=> ', run: () => '' }));
  const refused = await t.throwsAsync(login(atPrompt.port, MENDEL), { instanceOf: BoardRefusedError });
  t.is(refused.message, 'The board on console is at the prompt of U-Boot, so nobody can log in to its Linux.');
  t.regex(refused.hint ?? '', /^Type `boot`/);
  const inFastboot = new FakeConsole((_keys, board) => {
    board.say('In fastboot mode. Press Control-C to exit.\r\n');
  });
  const busy = await t.throwsAsync(login(inFastboot.port, MENDEL), { instanceOf: BoardRefusedError });
  t.regex(busy.message, /is in fastboot/);
  t.regex(busy.hint ?? '', /^Press Ctrl-C, then type `boot`/);
});

test('a console that is dead, and a boot that does not end, are errors of their own', async t => {
  await t.throwsAsync(login(new FakeConsole().port, MENDEL), {
    instanceOf: TransportError,
    message: 'Nothing answers on the console console.',
  });
  const board = new FakeConsole();
  board.say(FIRST_BOOT);
  await t.throwsAsync(login(board.port, { ...MENDEL, bootTimeoutMs: 3000 }), {
    instanceOf: TimeoutError,
    message: /waiting for a login prompt on console/,
  });
});
