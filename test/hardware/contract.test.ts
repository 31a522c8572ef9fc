import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BoardUnderTest } from '../contract/board-under-test.js';
import { boardContract } from '../contract/contract.js';

const device = process.env['MDT_TEST_DEVICE'];
boardContract(
  device === undefined || device === ''
    ? { missing: 'needs MDT_TEST_DEVICE, the name of a paired board' }
    : { open: () => open(device), lacks: ['a board that may forget its hosts', 'a board to install on'] },
);

/** Somebody's own board: used with their key, never unpaired, nothing installed. */
async function open(name: string): Promise<BoardUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'mdt-contract-'));
  const own = process.env['MDT_CONFIG_DIR'] ?? join(homedir(), '.config', 'mdt');
  await mkdir(join(folder, 'keys'), { mode: 0o700 });
  await cp(join(own, 'keys', 'mdt.key'), join(folder, 'keys', 'mdt.key'));
  return {
    device: name,
    sshPort: 22,
    configDir: folder,
    atDesk: argv => argv,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
