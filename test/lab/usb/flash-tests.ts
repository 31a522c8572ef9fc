// `mdt flash` of a small release over a real USB stack: the eMMC of the board is compared byte for byte.
import { configPaths } from '../../../src/config/paths.js';
import { connectFastboot } from '../../../src/fastboot/connect.js';
import { parseHostKey } from '../../../src/keys/host-key.js';
import { generateIdentity } from '../../../src/keys/keystore.js';
import { rememberBoard } from '../../../src/keys/known-boards.js';
import { until } from '../../../src/time/retry.js';
import { desk, emmcOf, endsAsMeant, journalsOf } from './flash-desk.js';
import { startBuilt, usbTest, workbench } from './usb-test.js';

/** What every Dev Board Mini has, here of boards that take the images of a Dev Board. */
const REPEATED = '0123456789ABCDEF';

usbTest('the built command flashes a board through two restarts, and leaves another one alone', async t => {
  await using other = await workbench().plugIn({ serialNumber: 'ffff41d6f0609912' });
  await using board = await workbench().plugIn();
  const { release, path, configDir, homeDir } = await desk(t);
  const [before, beside] = [await emmcOf(board), await emmcOf(other)];
  const command = startBuilt(t, homeDir, 'flash', '--yes', '--device', 'serial:1b0741d6f0609912', path);
  const { code, out, err } = await command.ended();
  t.is(code, 0, err);
  t.regex(out, /^1b0741d6f0609912 \(usb:\d+-\d+\): flashed in 9 steps, /);
  await endsAsMeant(t, board, { release, before, configDir });
  const { commands, emptyPackets } = await board.state();
  t.is(commands.filter(command => command === 'reboot-bootloader').length, 2);
  t.is(commands.at(-1), 'reboot');
  t.is(emptyPackets, 0);
  t.deepEqual((await other.state()).commands, []);
  t.true((await emmcOf(other)).user.equals(beside.user));
});

usbTest(
  'boards that share a serial number are told apart by their ports: one alone, then all side by side',
  async t => {
    await using first = await workbench().plugIn({ serialNumber: REPEATED });
    await using second = await workbench().plugIn({ serialNumber: REPEATED });
    const { release, configDir, flash } = await desk(t);
    const [ofFirst, ofSecond] = [await emmcOf(first), await emmcOf(second)];
    const alone = await flash('--no-reboot', '--device', first.selector);
    t.is(alone.code, 0, alone.err);
    await endsAsMeant(t, first, { release, configDir, before: ofFirst });
    t.deepEqual((await second.state()).commands, []);
    const all = await flash('--wipe-home', '--no-reboot', '--all');
    t.is(all.code, 0, all.err);
    for (const { selector } of [first, second])
      t.true(all.out.includes(`${REPEATED} (${selector}): flashed in 8 steps`));
    await endsAsMeant(t, first, { release, configDir, before: ofFirst });
    await endsAsMeant(t, second, { release, configDir, before: ofSecond });
  },
);

usbTest('a cable that is pulled in the middle of a step leaves a journal from which the flash goes on', async t => {
  await using board = await workbench().plugIn();
  const { release, configDir, flash } = await desk(t);
  const before = await emmcOf(board);
  // In the middle of rootfs.
  await board.order({ kind: 'trouble', trouble: { kind: 'unplug', atBytes: 4_500_000 } });
  const broken = await flash('--no-reboot');
  t.is(broken.code, 5, broken.err);
  t.regex(broken.err, /step 8 of 8, flash rootfs with rootfs_arm64\.img: .* was unplugged or restarted while /);
  t.regex(broken.err, /7 steps are done \(bootloader0, gpt, misc, home, boot\)\.\nhint: Check the cable .*--resume/);
  t.deepEqual(await journalsOf(configDir), ['1b0741d6f0609912.json']);
  await board.plug();
  const commandsBefore = (await board.state()).commands.length;
  const resumed = await flash('--no-reboot', '--resume');
  t.is(resumed.code, 0, resumed.err);
  const flashed = (await board.state()).commands.slice(commandsBefore).filter(command => command.startsWith('flash:'));
  t.deepEqual([...new Set(flashed)], ['flash:rootfs']);
  await endsAsMeant(t, board, { release, before, configDir });
});

usbTest('Ctrl-C in the middle of a step frees the board at once', async t => {
  await using board = await workbench().plugIn();
  const { path, configDir, homeDir } = await desk(t);
  await board.order({ kind: 'trouble', trouble: { kind: 'deaf', atBytes: 4_500_000 } });
  const command = startBuilt(t, homeDir, 'flash', '--yes', path);
  await until({ intervalMs: 100, signal: AbortSignal.timeout(240_000) }, async () => {
    if (command.child.exitCode !== null) throw new Error((await command.ended()).err);
    return (await board.state()).heldWrites > 0 ? true : undefined;
  });
  command.child.kill('SIGINT');
  const { code, err } = await command.ended();
  t.is(code, 130, err);
  t.regex(err, /Interrupted in step 8 of 9, flash rootfs with rootfs_arm64\.img\. 7 steps are done/);
  t.deepEqual(await journalsOf(configDir), ['1b0741d6f0609912.json']);
  const client = await connectFastboot(board.seen.route.target);
  await client.close();
});

usbTest(
  'a board that runs Mendel is restarted, met as it arrives on USB, and flashed, beside one that was there',
  async t => {
    await using other = await workbench().plugIn({ serialNumber: 'ffff41d6f0609912' });
    await using board = await workbench().start({ runsMendel: true, bootloader: { system: 'installed' } });
    const { release, configDir, flash } = await desk(t);
    const paths = configPaths(configDir);
    const { publicLine } = await generateIdentity(paths, { algorithm: 'ed25519', bits: 2048 });
    const { name, address, mendel } = await board.order({ kind: 'authorize', keys: [publicLine] });
    const hostKey = parseHostKey(Buffer.from(mendel?.hostKey ?? '', 'base64'));
    if (mendel === undefined || hostKey === undefined) throw new Error('The board does not run Mendel.');
    // Its fastboot on the network is at a port that this host does not know: USB is the only way.
    const route = { kind: 'ssh', medium: 'loopback', address, port: mendel.sshPort, keymasterPort: 1 } as const;
    await rememberBoard(paths.knownBoardsFile, { name, hostKey, routes: [route], lastSeen: new Date().toISOString() });
    const before = await emmcOf(board);
    const { code, out, err } = await flash('--no-reboot', '--device', name);
    t.is(code, 0, err);
    t.true(out.startsWith(`${name}: flashed in 8 steps`), out);
    await endsAsMeant(t, board, { release, before, configDir });
    t.deepEqual((await other.state()).commands, []);
  },
);
