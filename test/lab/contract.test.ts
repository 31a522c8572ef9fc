import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BoardUnderTest } from '../contract/board-under-test.js';
import { boardContract } from '../contract/contract.js';
import { startLab } from './lab.js';
import { hasProgram, labMissing } from './requirements.js';

const missing = labMissing();
boardContract(
  missing === undefined ? { open, lacks: hasProgram('sudo') ? [] : ['a board to install on'] } : { missing },
);

/** A board on the LAN and on USB: OpenSSH, avahi, and a root folder of its own to install into. */
async function open(): Promise<BoardUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'mdt-contract-'));
  const lab = await startLab({ boards: [{ links: ['lan', 'usb'] }] });
  return {
    device: lab.board().name,
    sshPort: 22,
    configDir: join(folder, 'config'),
    atDesk: argv => lab.desk.enter(argv),
    forgetHosts: async () => {
      await lab.board().shell('true >/home/mendel/.ssh/authorized_keys');
    },
    async [Symbol.asyncDispose]() {
      await lab[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
