// Restarting a board by the shell on its console; the real login is in linux-login.test.ts.
import test from 'ava';
import { Dialogue } from '../../src/console/dialogue.js';
import { login } from '../../src/console/linux-login.js';
import { restartLinux } from '../../src/console/linux-restart.js';
import { BoardRefusedError, TransportError } from '../../src/errors.js';
import { BOOTED, LinuxConsole, type Restart } from '../fakes/linux-console.js';

function openShell(restart: Restart): LinuxConsole {
  return new LinuxConsole({ isLoggedIn: true, restarts: [restart] });
}

const MENDEL = { username: 'mendel', password: 'mendel' };

test('an order that is answered, and one that the board goes down under, are both given', async t => {
  for (const restart of [{ code: 0 }, { says: '' }, { says: BOOTED }]) {
    const board = openShell(restart);
    const orderTimeoutMs = restart.says === '' ? 200 : 600_000;
    await restartLinux(new Dialogue(board.port), { ...MENDEL, orderTimeoutMs });
    t.regex(board.typed, /sudo reboot-bootloader \|\| sudo reboot/);
    t.notRegex(board.typed, /exit/, 'what logs out would be typed into U-Boot');
  }
});

test('a board that will not restart says why, and is left as it was', async t => {
  const board = openShell({ code: 1 });
  const error = await t.throwsAsync(restartLinux(new Dialogue(board.port), MENDEL), {
    instanceOf: BoardRefusedError,
    message: 'The board on console did not restart: No such partition',
  });
  t.regex(error.hint ?? '', /mdt console console/);
  t.regex(board.typed, /exit\r$/);
});

test('a board that restarts under a command is not waited for, and nothing more is typed', async t => {
  const board = openShell({ says: BOOTED });
  await t.throwsAsync(
    async () => {
      await using shell = await login(board.port, MENDEL);
      await shell.run('hostname', { operation: 'reading its name', timeoutMs: 600_000 });
    },
    {
      instanceOf: TransportError,
      message: 'The shell on console ended while reading its name: the board restarted, or somebody logged out.',
    },
  );
  t.notRegex(board.typed, /exit/);
});
