import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startVirtualBoard } from '../../src/virtual-board/virtual-board.js';
import type { BoardUnderTest } from './board-under-test.js';
import { boardContract } from './contract.js';

boardContract({ open });

async function open(): Promise<BoardUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'mdt-contract-'));
  const board = await startVirtualBoard({ name: `calm-${randomBytes(4).toString('hex')}` });
  return {
    device: board.name,
    sshPort: board.sshPort,
    configDir: join(folder, 'config'),
    atDesk: argv => argv,
    forgetHosts: () => writeFile(join(board.rootDir, 'home', 'mendel', '.ssh', 'authorized_keys'), ''),
    async [Symbol.asyncDispose]() {
      await board.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
