import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { NetworkTarget } from '../../src/device/fastboot-target.js';
import { flashBoard, type FlashOutcome } from '../../src/flash/flash-board.js';
import type { FlashRequest } from '../../src/flash/prepare-flash.js';
import { openImageSet } from '../../src/flash/image-set.js';
import type { BoardPlace } from '../../src/bootloader/locate-board.js';
import { verifyMendel } from '../../src/flash/verify.js';
import { thisHost, type HostContext } from '../../src/pairing/host.js';
import { readEnvironment } from '../../src/config/environment.js';
import type { VirtualBoard } from '../../src/virtual-board/virtual-board.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { flashedEmmc, readEmmc, SMALL_BOARD, testRelease, writeFolder, writeZip } from './release.js';
import { tempDir } from '../fixtures/temp-dir.js';

interface Desk {
  readonly host: HostContext;
  readonly board: VirtualBoard;
  readonly dir: string;
}

/** A virtual board with a small eMMC, and a host that knows it; no search finds anything. */
async function desk(t: ExecutionContext, options: Parameters<typeof boardOnDesk>[1] = {}): Promise<Desk> {
  const { board, configDir } = await boardOnDesk(t, { bootloader: SMALL_BOARD, ...options });
  const environment = readEnvironment({ HOME: configDir, MDT_CONFIG_DIR: configDir });
  const host = { ...thisHost(environment), discover: () => Promise.resolve([]) };
  return { host, board, dir: await tempDir(t) };
}

function tcpOf({ address, fastbootPort }: VirtualBoard): NetworkTarget {
  return { protocol: 'tcp', host: address, ...(fastbootPort === undefined ? {} : { port: fastbootPort }) };
}

async function flash(
  { host }: Desk,
  place: BoardPlace,
  request: Omit<FlashRequest, 'images'> & { path: string },
): Promise<FlashOutcome> {
  await using images = await openImageSet({ path: request.path });
  return await flashBoard(host, place, { ...request, images });
}

test('from running Mendel through two restarts of the bootloader to Mendel again', async t => {
  const { host, board, dir, ...rest } = await desk(t);
  const release = testRelease();
  const path = await writeZip(join(dir, 'release.zip'), release);
  const before = await readEmmc(board.emmc);
  const told: string[] = [];
  const outcome = await flash({ host, board, dir, ...rest }, mendel, {
    path,
    onProgress: event => {
      if (event.kind === 'message') told.push(event.text);
    },
  });
  t.deepEqual(outcome.steps.length, 8);
  t.true(told.some(text => text === 'The home partition is kept.'));
  const { name, version } = await verifyMendel(host, { ...outcome, acceptHostKey: () => Promise.resolve(true) });
  t.is(name, 'swift-otter');
  t.regex(version, /./);
  const after = await readEmmc(board.emmc);
  const wanted = flashedEmmc(before, release, { home: 'kept' });
  t.true(after.boot0.equals(wanted.boot0));
  t.true(after.user.equals(wanted.user));
});

const mendel: BoardPlace = { kind: 'mendel', name: 'swift-otter', device: 'swift-otter' };

for (const protocol of ['tcp', 'udp'] as const) {
  test(`a board in fastboot over ${protocol}, from a folder, with its home wiped`, async t => {
    const { host, board, dir } = await desk(t);
    await board.reboot('bootloader');
    const release = testRelease();
    const path = await writeFolder(join(dir, 'release'), release);
    const before = await readEmmc(board.emmc);
    const port = (protocol === 'tcp' ? board.fastbootPort : board.fastbootUdpPort) ?? 0;
    const target = { ...tcpOf(board), protocol, port };
    const outcome = await flash({ host, board, dir }, { kind: 'fastboot', name: 'x', target }, { path, home: 'wipe' });
    t.is(outcome.steps.length, 9);
    const after = await readEmmc(board.emmc);
    const wanted = flashedEmmc(before, release, { home: 'written' });
    t.true(after.boot0.equals(wanted.boot0));
    t.true(after.user.equals(wanted.user));
  });
}
