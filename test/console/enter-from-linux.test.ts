// From a running Linux into fastboot: the board restarts, and what it says next is not always what was wished for.
import test from 'ava';
import { enterFastboot } from '../../src/console/enter-fastboot.js';
import { restartLinux } from '../../src/console/linux-restart.js';
import { BoardRefusedError } from '../../src/errors.js';
import { BOOTED, LinuxConsole } from '../fakes/linux-console.js';

const MENDEL = { username: 'mendel', password: 'mendel' };
const IN_FASTBOOT = '\r\nU-Boot SPL 2017.03.3\r\nFastboot: Got bootloader commands!\r\n';

async function enter(board: LinuxConsole): Promise<{ evidence: string; messages: string[] }> {
  const messages: string[] = [];
  const { evidence } = await enterFastboot(board.port, {
    // Far above what a test may take: no answer of this file comes from a deadline.
    timeouts: { startMs: 600_000 },
    restartLinux: (dialogue, state) => restartLinux(dialogue, { ...MENDEL, at: state, orderTimeoutMs: 600_000 }),
    onProgress: event => {
      if (event.kind === 'message') messages.push(event.text);
    },
  });
  return { evidence, messages };
}

test('a board that goes down before the order has ended is met in what it says next', async t => {
  const board = new LinuxConsole({ restarts: [{ says: IN_FASTBOOT }] });
  t.is((await enter(board)).evidence, 'words');
  t.is(board.orders, 1);
});

test('a board that stands at its login again is restarted again', async t => {
  const board = new LinuxConsole({ isLoggedIn: true, restarts: [{ says: BOOTED }, { says: IN_FASTBOOT }] });
  const { evidence, messages } = await enter(board);
  t.is(evidence, 'words');
  t.is(board.orders, 2);
  t.deepEqual(messages, ['The board on console started Linux before its countdown was stopped; restarting it again.']);
});

test('a board that starts Linux after three restarts is left alone, and the user is told', async t => {
  const board = new LinuxConsole({ restarts: [{ says: BOOTED }] });
  const error = await t.throwsAsync(enter(board), { instanceOf: BoardRefusedError });
  t.is(error.message, 'The board on console was restarted 3 times and started Linux each time.');
  t.regex(error.hint ?? '', /reset.*board/i);
  t.is(board.orders, 3);
});
