import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startVirtualBoard } from '../../src/virtual-board/virtual-board.js';
import type { BoardUnderTest } from '../contract/board-under-test.js';
import { boardContract } from '../contract/contract.js';

boardContract((await canAnnounce()) ? { open } : { missing: 'needs multicast on the loopback interface' });

async function canAnnounce(): Promise<boolean> {
  await using board = await startVirtualBoard();
  return board.announcement.kind === 'announced';
}

/** A board that is found as real ones are, by its announcement. */
async function open(): Promise<BoardUnderTest> {
  const configDir = await mkdtemp(join(tmpdir(), 'mdt-contract-'));
  const board = await startVirtualBoard({ name: `contract-otter-${String(process.pid)}`, rebootMs: 100 });
  return {
    device: board.name,
    sshPort: board.sshPort,
    configDir,
    atDesk: argv => argv,
    forgetHosts: () => board.setAuthorizedKeys([]),
    [Symbol.asyncDispose]: async () => {
      await board.close();
      await rm(configDir, { recursive: true, force: true });
    },
  };
}
