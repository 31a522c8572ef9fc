// A board and a release for flashes that are interrupted.
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { readEnvironment } from '../../src/config/environment.js';
import { flashBoard } from '../../src/flash/flash-board.js';
import { journalFolder, type FlashRequest } from '../../src/flash/prepare-flash.js';
import { openImageSet } from '../../src/flash/image-set.js';
import { unfinishedFlashes } from '../../src/flash/journal.js';
import type { BoardPlace } from '../../src/bootloader/locate-board.js';
import { thisHost, type HostContext } from '../../src/pairing/host.js';
import type { VirtualBoard } from '../../src/virtual-board/virtual-board.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { tempDir } from '../fixtures/temp-dir.js';
import {
  flashedEmmc,
  readEmmc,
  SMALL_BOARD,
  testRelease,
  writeFolder,
  type Emmc,
  type TestRelease,
} from './release.js';

export interface Desk {
  readonly host: HostContext;
  readonly board: VirtualBoard;
  readonly place: BoardPlace;
  readonly release: TestRelease;
  readonly path: string;
  readonly before: Emmc;
}

/** A board without a home partition that waits in fastboot, and a release that brings one. */
export async function desk(t: ExecutionContext, rebootMs?: number): Promise<Desk> {
  const bootloader = { ...SMALL_BOARD, layout: 'no-home' } as const;
  const { board, configDir } = await boardOnDesk(t, { bootloader, ...(rebootMs === undefined ? {} : { rebootMs }) });
  await board.reboot('bootloader');
  const environment = readEnvironment({ HOME: configDir, MDT_CONFIG_DIR: configDir });
  const release = testRelease();
  const port = board.fastbootPort ?? 0;
  return {
    ...{ board, release, before: await readEmmc(board.emmc) },
    host: { ...thisHost(environment), discover: () => Promise.resolve([]) },
    place: { kind: 'fastboot', name: 'the board', target: { protocol: 'tcp', host: board.address, port } },
    path: await writeFolder(join(await tempDir(t), 'release'), release),
  };
}

/** For answers that are meant to be missed; time enough for all others, on a host that is busy with other things. */
export const IMPATIENT: Partial<FlashRequest> = {
  timeouts: { responseMs: 10_000, eraseMs: 10_000, flashMs: 10_000 },
  returnTimeoutMs: 10_000,
};

export async function flash({ host, place, path }: Desk, request: Partial<FlashRequest> = {}): Promise<string[]> {
  const told: string[] = [];
  await using images = await openImageSet({ path });
  await flashBoard(host, place, {
    images,
    onProgress: event => {
      if (event.kind === 'message') told.push(event.text);
    },
    ...request,
  });
  return told;
}

export async function endsAsMeant(t: ExecutionContext, { board, before, release, host }: Desk): Promise<void> {
  const after = await readEmmc(board.emmc);
  const wanted = flashedEmmc(before, release, { home: 'written' });
  t.true(after.boot0.equals(wanted.boot0));
  t.true(after.user.equals(wanted.user));
  t.deepEqual(await unfinishedFlashes(journalFolder(host)), []);
}
