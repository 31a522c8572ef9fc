import test from 'ava';
import { detectState, type ConsoleState } from '../../src/console/detect.js';
import { commandLine, FakeConsole } from '../fakes/console.js';

const FIRST_BOOT = '\r[  *** ] A start job is running for Scripts that should be run only once (1min 11s / no limit)';

/** agetty takes a blank for a name; login asks for its password. */
function getty(board: FakeConsole): (keys: string) => void {
  const lines = ['\r\nPassword: ', '\r\nLogin incorrect\r\nswift-otter login: '];
  return keys => {
    board.say(keys.endsWith('\r') ? (lines.shift() ?? '') : keys);
  };
}

interface Scene {
  readonly title: string;
  readonly state: ConsoleState;
  /** What is said before anybody has touched a key. */
  readonly said?: string;
  readonly answer?: (keys: string, board: FakeConsole) => void;
  /** Keys that this state may be sent. */
  readonly typed: string;
}

const scenes: readonly Scene[] = [
  {
    title: 'a countdown',
    said: 'Hit any key to stop autoboot:  3 \b\b\b 2 ',
    state: { kind: 'u-boot-countdown' },
    typed: '',
  },
  {
    title: 'the middle of a countdown',
    said: '\b\b\b 2 ',
    state: { kind: 'u-boot-countdown' },
    typed: '',
  },
  {
    title: 'the prompt of U-Boot',
    answer: commandLine({ prompt: 'u-boot=> ', run: () => '' }),
    state: { kind: 'u-boot-prompt' },
    typed: ' \r',
  },
  {
    title: 'fastboot, which answers a key',
    answer: (_keys, board) => {
      board.say('In fastboot mode. Press Control-C to exit.\r\n');
    },
    state: { kind: 'fastboot' },
    typed: ' ',
  },
  {
    title: 'a kernel that boots',
    said: '[    1.234567] imx-sdma: loaded firmware\r\n[    2.0',
    state: { kind: 'booting', firstBoot: false },
    typed: '',
  },
  { title: 'a first boot', said: FIRST_BOOT, state: { kind: 'booting', firstBoot: true }, typed: '' },
  {
    title: 'a login prompt that was just written',
    said: 'Mendel GNU/Linux (eagle) swift-otter ttymxc0\r\n\r\nswift-otter login: ',
    state: { kind: 'login-prompt', hostName: 'swift-otter' },
    typed: '',
  },
  {
    title: 'a shell',
    answer: commandLine({
      prompt: '\u001b[01;32mmendel@swift-otter\u001b[00m:\u001b[01;34m~\u001b[00m$ ',
      run: () => '',
    }),
    state: { kind: 'shell', prompt: 'mendel@swift-otter:~$' },
    typed: ' \r',
  },
  {
    title: 'a program that only echoes',
    answer: (keys, board) => {
      board.say(`top: ${keys}`);
    },
    state: { kind: 'unknown', lastLine: 'top:  top:' },
    typed: ' \r',
  },
  { title: 'a console that is dead', state: { kind: 'silent' }, typed: ' \r' },
];

for (const { title, state, said, answer, typed } of scenes) {
  test(`${title} is known as that`, async t => {
    const board = new FakeConsole(answer);
    if (said !== undefined) board.say(said);
    t.deepEqual(await detectState(board.port), state);
    t.is(board.typed, typed);
  });
}

test('a login prompt that was written long ago is found, and left at its beginning', async t => {
  let answer: (keys: string) => void = () => undefined;
  const board = new FakeConsole(keys => {
    answer(keys);
  });
  answer = getty(board);
  t.deepEqual(await detectState(board.port), { kind: 'login-prompt', hostName: 'swift-otter' });
  t.is(board.typed, ' \r\r');
});
