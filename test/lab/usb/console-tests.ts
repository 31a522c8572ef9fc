// Serial consoles behind the kernel's own drivers, cp210x and cdc_acm.
import { writeFile } from 'node:fs/promises';
import type { ExecutionContext } from 'ava';
import { configPaths } from '../../../src/config/paths.js';
import { listSerialPorts } from '../../../src/discovery/serial-ports.js';
import { generateIdentity } from '../../../src/keys/keystore.js';
import { tempDir } from '../../fixtures/temp-dir.js';
import type { EmulatedBoard } from './emulated-board.js';
import { desk, emmcOf, endsAsMeant } from './flash-desk.js';
import { configDirOf, startBuilt, usbTest, workbench } from './usb-test.js';

/**
 * Connects a CP2105 and lets its ports have their names the wrong way round: the console is the first port of the chip
 * and has the second name. Resolves with the path of the console.
 */
async function plugReversed(t: ExecutionContext, board: EmulatedBoard): Promise<string> {
  const [first = '', second = ''] = await board.plugConsole('cp2105');
  const { usbPort = '' } = (await listSerialPorts()).find(({ path }) => path === first) ?? {};
  const order = async (verb: string, number: number): Promise<void> => {
    await writeFile(`/sys/bus/usb/drivers/cp210x/${verb}`, `${usbPort}:1.${String(number)}`);
  };
  for (const number of [0, 1]) await order('unbind', number);
  for (const number of [1, 0]) await order('bind', number);
  const ports = await listSerialPorts();
  t.deepEqual(
    ports.map(({ path, isConsole }) => [path, isConsole]),
    [
      [first, false],
      [second, true],
    ],
  );
  return second;
}

usbTest(
  'of the two ports of a CP2105 the console is the first; it echoes, and tells when its cable is pulled',
  async t => {
    await using board = await workbench().start({ bootloader: { fallback: 'u-boot' } });
    const path = await plugReversed(t, board);
    const command = startBuilt(t, await tempDir(t), 'console');
    await command.printed(new RegExp(`Connected to ${path}`));
    command.child.stdin.write('echo over the wire\r');
    await command.printed(/echo over the wire\r\nover the wire\r\nu-boot=> /);
    await board.unplug('cp2105');
    const { code, err } = await command.ended();
    t.is(code, 5, err);
    t.regex(err, /hint: The USB cable was pulled/);
  },
);

usbTest("a board is paired by the console of Mendel's USB gadget", async t => {
  await using board = await workbench().start({ runsMendel: true, bootloader: { system: 'installed' } });
  const [path = ''] = await board.plugConsole('gadget');
  t.regex(path, /^\/dev\/ttyACM\d+$/);
  const homeDir = await tempDir(t);
  const { publicLine } = await generateIdentity(configPaths(configDirOf(homeDir)), {
    algorithm: 'ed25519',
    bits: 2048,
  });
  const { code, out, err } = await startBuilt(t, homeDir, 'pair', '--console').ended();
  t.is(code, 0, err);
  t.is(out, 'swift-otter is paired (by console)\n');
  t.deepEqual((await board.state()).mendel?.authorizedKeys, [publicLine]);
});

usbTest('a blank board is flashed over USB by way of its console, which also restarts it', async t => {
  await using board = await workbench().start({ bootloader: { system: 'blank', fallback: 'u-boot' } });
  const path = await plugReversed(t, board);
  const { release, configDir, homeDir, path: folder } = await desk(t);
  const before = await emmcOf(board);
  const { code, err } = await startBuilt(
    t,
    homeDir,
    'flash',
    '--yes',
    '--no-reboot',
    '--console',
    path,
    folder,
  ).ended();
  t.is(code, 0, err);
  t.regex(err, /starting fastboot\.[^]*Restarting the board by its console\./);
  await endsAsMeant(t, board, { release, before, configDir });
});
