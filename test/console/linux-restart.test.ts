// Restarting a board by the shell on its console; the real login is in linux-login.test.ts.
import test from 'ava';
import { restartLinux } from '../../src/console/linux-restart.js';
import { BoardRefusedError } from '../../src/errors.js';
import { FakeConsole } from '../fakes/console.js';

/** A shell that somebody has left open, in which the order to restart ends with `code`, or is never heard of again. */
function openShell(code: number | undefined): FakeConsole {
  let line = '';
  const board = new FakeConsole(keys => {
    for (const key of keys) {
      if (key !== '\r') line += key;
      else {
        board.say(`\r\n${answer(line.replaceAll('""', ''), code)}`);
        line = '';
      }
    }
  });
  board.say('mendel@swift-otter:~$ ');
  return board;
}

function answer(line: string, code: number | undefined): string {
  const prompt = /PS1=(mdt-mark-\d+:) sh/.exec(line)?.[1];
  if (prompt !== undefined) return prompt;
  const ready = /echo (mdt-mark-\d+) \$\(id -un\)/.exec(line)?.[1];
  if (ready !== undefined) return `${ready} mendel\n`;
  const [, begin, end] = /^echo (mdt-mark-\d+); .*; echo (mdt-mark-\d+):/.exec(line) ?? [];
  if (begin === undefined || end === undefined) return '';
  return `${begin}\n${code === undefined ? '' : `No such \x1b[31mpartition\n${end}:${String(code)}\n`}`;
}

const MENDEL = { username: 'mendel', password: 'mendel' };

test('an order that is answered, and one that the board goes down under, are both given', async t => {
  for (const code of [0, undefined]) {
    const board = openShell(code);
    await restartLinux(board.port, { ...MENDEL, orderTimeoutMs: code === 0 ? 30_000 : 200 });
    t.regex(board.typed, /sudo reboot-bootloader \|\| sudo reboot/);
    t.notRegex(board.typed, /exit/, 'what logs out would be typed into U-Boot');
  }
});

test('a board that will not restart says why, and is left as it was', async t => {
  const board = openShell(1);
  const error = await t.throwsAsync(restartLinux(board.port, MENDEL), {
    instanceOf: BoardRefusedError,
    message: 'The board on console did not restart: No such partition',
  });
  t.regex(error.hint ?? '', /mdt console console/);
  t.regex(board.typed, /exit\r$/);
});
