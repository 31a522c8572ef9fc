// A release to be flashed, a host to do it, and what the eMMC of a board is to hold afterwards.
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { run } from '../../../src/cli/main.js';
import { discover } from '../../../src/discovery/discover.js';
import type { Discover } from '../../../src/pairing/host.js';
import { FakeIo, type Outcome } from '../../fakes/cli-io.js';
import { tempDir } from '../../fixtures/temp-dir.js';
import { flashedEmmc, readEmmc, testRelease, writeFolder, type Emmc, type TestRelease } from '../../flash/release.js';
import type { EmulatedBoard } from './emulated-board.js';
import { configDirOf } from './usb-test.js';

/** Finds what is plugged in, as the command does. */
class LabIo extends FakeIo {
  override readonly discover: Discover = discover;
}

export interface Desk {
  readonly homeDir: string;
  readonly configDir: string;
  readonly release: TestRelease;
  /** Folder of the release. */
  readonly path: string;
  /** `mdt flash --yes …` in this process, which starts sooner than one of its own. */
  readonly flash: (...words: string[]) => Promise<Outcome>;
}

/** One release for all tests: to make it takes seconds in the virtual machine, whose files are gone in the end. */
let common: Promise<Pick<Desk, 'release' | 'path'>> | undefined;

async function makeRelease(): Promise<Pick<Desk, 'release' | 'path'>> {
  const release = testRelease();
  return { release, path: await writeFolder(join(tmpdir(), 'mdt-lab-release'), release) };
}

export async function desk(t: ExecutionContext): Promise<Desk> {
  const homeDir = await tempDir(t);
  const configDir = configDirOf(homeDir);
  const { release, path } = await (common ??= makeRelease());
  return {
    ...{ homeDir, configDir, release, path },
    flash: async (...words) => {
      const io = new LabIo({ configDir });
      const code = await run(['flash', '--yes', ...words, path], io);
      return { code, out: io.out, err: io.err };
    },
  };
}

export async function emmcOf(board: EmulatedBoard): Promise<Emmc> {
  return await readEmmc((await board.state()).emmc);
}

/** That the board holds what was to be written onto `before`, and that no journal is left. */
export async function endsAsMeant(
  t: ExecutionContext,
  board: EmulatedBoard,
  { release, before, configDir }: Pick<Desk, 'release' | 'configDir'> & { before: Emmc },
): Promise<void> {
  const [after, wanted] = [await emmcOf(board), flashedEmmc(before, release, { home: 'written' })];
  t.true(after.boot0.equals(wanted.boot0));
  t.true(after.user.equals(wanted.user));
  t.deepEqual(await journalsOf(configDir), []);
}

export async function journalsOf(configDir: string): Promise<string[]> {
  return await readdir(join(configDir, 'flash')).catch(() => []);
}
