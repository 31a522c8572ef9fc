import test from 'ava';
import { TimeoutError } from '../../src/errors.js';
import { pairBoard } from '../../src/pairing/pair.js';
import { rebootBoard } from '../../src/bootloader/reboot.js';
import { refused } from '../fixtures/refused.js';
import { newBoard, newHost, seeing } from '../pairing/desk.js';
import { powerBecomes } from '../virtual-board/bootloader/loader-desk.js';

test('with --wait a reboot ends when the same board runs with another boot id', async t => {
  const board = await newBoard(t, { name: 'swift-otter' });
  const host = seeing(await newHost(t), board);
  await pairBoard(host);
  const device = await rebootBoard(host, { device: 'swift-otter', target: 'mendel', wait: true });
  t.is(device.name, 'swift-otter');
  t.is(board.power, 'running');
});

test('without --wait it ends as soon as the board has taken the order', async t => {
  const board = await newBoard(t, { rebootMs: 60_000 });
  const host = seeing(await newHost(t), board);
  await rebootBoard(host, { target: 'mendel', wait: false });
  // Nobody waits a minute for it to be back.
  await powerBecomes(board, 'rebooting');
  t.pass();
});

test('a board that stays away is a timeout that says so', async t => {
  const board = await newBoard(t, { name: 'swift-otter', rebootMs: 60_000 });
  const host = seeing(await newHost(t), board);
  const error = await t.throwsAsync(rebootBoard(host, { target: 'mendel', wait: true, upTimeoutMs: 300 }), {
    instanceOf: TimeoutError,
  });
  t.regex(error.message, /waiting for swift-otter to come back/);
});

test('reboot-bootloader waits until Mendel is gone', async t => {
  const board = await newBoard(t);
  const host = seeing(await newHost(t), board);
  await rebootBoard(host, { target: 'bootloader', wait: true });
  await t.notThrowsAsync(refused(board.sshPort, board.address));
  await powerBecomes(board, 'bootloader');
});

for (const target of ['mendel', 'bootloader'] as const) {
  test(`where sudo asks for a password the board is not restarted (${target})`, async t => {
    const board = await newBoard(t);
    const host = seeing(await newHost(t), board);
    await pairBoard(host);
    board.faults = { sudoPassword: true };
    await t.throwsAsync(rebootBoard(host, { target, wait: true }), {
      code: 'BOARD_REFUSED',
      message: /^The board cannot restart: sudo asks for a password/,
    });
    t.is(board.power, 'running');
  });
}
