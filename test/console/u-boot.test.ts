// The console against the real U-Boot in a machine of QEMU's.
import anyTest, { type ExecutionContext } from 'ava';
import type { ConsolePort } from '../../src/console/console-port.js';
import { detectOn } from '../../src/console/detect.js';
import { Dialogue } from '../../src/console/dialogue.js';
import { openConsole } from '../../src/console/open-console.js';
import { enterFastboot } from '../../src/console/enter-fastboot.js';
import { runAtPrompt, stopAutoboot } from '../../src/console/u-boot.js';
import { openSerialConsole } from '../fixtures/serial-console.js';
import { startUBoot } from '../fixtures/u-boot.js';
import { uBootMissing } from '../lab/requirements.js';

/** A serial port through the package serialport, a TCP port by ourselves. */
async function open(t: ExecutionContext, place: string): Promise<ConsolePort> {
  return place.startsWith('tcp:') ? await openConsole(place) : await openSerialConsole(t, place);
}

const missing = uBootMissing();

for (const medium of ['pty', 'tcp'] as const) {
  const test = (title: string, body: (t: ExecutionContext) => Promise<void>): void => {
    const name = `U-Boot on ${medium}: ${title}`;
    if (missing !== undefined) anyTest.skip(`${name} (${missing})`, body);
    else
      anyTest.serial(name, async t => {
        t.timeout(240_000);
        await body(t);
      });
  };

  test('its countdown is stopped, and commands run one by one with output and code', async t => {
    const { place } = await startUBoot(t, medium);
    await using port = await open(t, place);
    const dialogue = new Dialogue(port);
    await stopAutoboot(dialogue);
    const version = await runAtPrompt(dialogue, 'version');
    t.regex(version.output, /^U-Boot \d{4}\.\d\d/);
    t.is(version.code, 0);
    const environment = await runAtPrompt(dialogue, 'printenv');
    t.regex(environment.output, /^bootcmd=run distro_bootcmd$/m);
    t.regex(environment.output, /^Environment size: \d+\/\d+ bytes$/m);
    t.is((await runAtPrompt(dialogue, 'false')).code, 1);
  });

  test('no command runs twice, and long lines arrive whole', async t => {
    const { place } = await startUBoot(t, medium);
    await using port = await open(t, place);
    const dialogue = new Dialogue(port);
    await stopAutoboot(dialogue);
    await runAtPrompt(dialogue, 'setenv n 0');
    // setexpr is a command that U-Boot repeats on an empty line.
    for (let round = 0; round < 3; round++) await runAtPrompt(dialogue, 'setexpr n ${n} + 1');
    t.is((await runAtPrompt(dialogue, 'echo ${n}')).output, '3\n');
    const long = 'abcdefghij'.repeat(40);
    await runAtPrompt(dialogue, `setenv long ${long}`);
    t.is((await runAtPrompt(dialogue, 'echo ${long}')).output, `${long}\n`);
  });

  test('it is known by its prompt when nothing was, and asking changes nothing', async t => {
    const { place } = await startUBoot(t, medium);
    await using port = await open(t, place);
    const dialogue = new Dialogue(port);
    await stopAutoboot(dialogue);
    await runAtPrompt(dialogue, 'setenv n 0');
    await dialogue.type('setexpr n ${n} + 1', { operation: 'typing' });
    await dialogue.send('\r');
    await dialogue.expect({ prompt: /=> $/ }, { operation: 'waiting for the prompt', timeoutMs: 20_000 });
    t.deepEqual(await detectOn(dialogue), { kind: 'u-boot-prompt' });
    t.is((await runAtPrompt(dialogue, 'echo ${n}')).output, '1\n');
  });

  test('one without fastboot refuses it in its own words', async t => {
    const { place } = await startUBoot(t, medium);
    await using port = await open(t, place);
    const timeouts = { fastbootMs: 60_000 };
    const error = await t.throwsAsync(enterFastboot(port, { timeouts }), { code: 'BOARD_REFUSED' });
    t.regex(error.message, /^U-Boot did not start fastboot: Unknown command 'fastboot'/);
  });

  test('a machine that loses its power is a console that has gone', async t => {
    const machine = await startUBoot(t, medium);
    await using port = await open(t, machine.place);
    const dialogue = new Dialogue(port);
    await stopAutoboot(dialogue);
    const waiting = t.throwsAsync(
      dialogue.expect({ never: /never/ }, { operation: 'waiting for what never comes', timeoutMs: 60_000 }),
      { code: 'TRANSPORT' },
    );
    await machine.kill();
    t.regex((await waiting).message, /has gone away\.$/);
    await port.closed;
    await t.throwsAsync(port.write('x'), { code: 'TRANSPORT' });
  });
}
