import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Device } from '../../src/device/device.js';
import { readEnvironment } from '../../src/config/environment.js';
import { configPaths } from '../../src/config/paths.js';
import { generateIdentity } from '../../src/keys/keystore.js';
import type { HostContext } from '../../src/pairing/host.js';
import {
  startVirtualBoard,
  type VirtualBoard,
  type VirtualBoardOptions,
} from '../../src/virtual-board/virtual-board.js';
import { tempDir } from '../fixtures/temp-dir.js';

/** A host of its own: a new config folder with a key of a size that is quick to make. */
export async function newHost(t: ExecutionContext, variables: NodeJS.ProcessEnv = {}): Promise<HostContext> {
  const home = await tempDir(t);
  const configDir = join(home, 'mdt');
  await mkdir(configDir, { mode: 0o700 });
  const paths = configPaths(configDir);
  await generateIdentity(paths, { algorithm: 'rsa', bits: 2048 });
  return { paths, environment: readEnvironment({ HOME: home, MDT_CONFIG_DIR: configDir, ...variables }) };
}

/** A board on loopback that is switched off when the test ends. */
export async function newBoard(t: ExecutionContext, options: VirtualBoardOptions = {}): Promise<VirtualBoard> {
  const board = await startVirtualBoard({ rebootMs: 50, announce: false, ...options });
  t.teardown(() => board.close());
  return board;
}

/** The board as a search on loopback shows it. */
export function asSeen(board: VirtualBoard): Device {
  const { address, sshPort: port, keymasterPort } = board;
  return {
    name: board.name,
    state: 'unpaired',
    routes: [{ kind: 'ssh', medium: 'loopback', address, port, keymasterPort }],
  };
}

/** The same host with a search that finds just these boards. */
export function seeing(host: HostContext, ...boards: readonly VirtualBoard[]): HostContext {
  return { ...host, discover: () => Promise.resolve(boards.map(asSeen)) };
}
