import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRun, spawnProgram, waitForLine } from '../lab/program.js';
import { hasProgram } from '../lab/requirements.js';
import { MDT } from './bench-desk.js';
import { alternate, timed } from './measure.js';
import { limit, type Row } from './row.js';

const BOARD = join(import.meta.dirname, 'flash-board-process.js');
/** What flashing with mdt has to be faster by: the two pauses of three seconds that a script makes. */
const SAVED_MS = 6000;

/** The whole sequence of a Dev Board from fastboot to its last command, beside Debian's fastboot in a script that sleeps. */
export async function flashSequence(): Promise<Row[]> {
  const name = 'flash a Dev Board';
  if (!hasProgram('fastboot')) return [{ kind: 'skipped', name, reason: 'needs fastboot' }];
  const folder = await mkdtemp(join(tmpdir(), 'mdt-bench-'));
  const board = spawnProgram([process.execPath, BOARD, folder]);
  try {
    const facts = JSON.parse(await waitForLine(board.stdout, /^\{/)) as Facts;
    const script = join(folder, 'flash.sh');
    await writeFile(script, scriptFor(facts));
    const env = { MDT_CONFIG_DIR: join(folder, 'config'), CI: '1' };
    const selector = `tcp:127.0.0.1:${String(facts.port)}`;
    const ours = (): Promise<number> =>
      timed(() => mustRun([...MDT, 'flash', '--yes', '--no-reboot', '-d', selector, facts.zip], { env }));
    const theirs = (): Promise<number> => timed(() => mustRun(['bash', script]));
    await ours();
    const runs = await alternate(3, ours, theirs);
    const lost = runs.ours.map((ms, index) => ms - (runs.peer[index] ?? Number.NaN) + SAVED_MS);
    return [limit('flash a Dev Board, over 6 s less than the script with its sleeps', { unit: 'ms', limit: 0 }, lost)];
  } finally {
    const ended = new Promise(resolve => board.once('close', resolve));
    board.stdin.end();
    await ended;
    await rm(folder, { recursive: true, force: true });
  }
}

interface Facts {
  readonly port: number;
  readonly zip: string;
  readonly folder: string;
}

/** What a careful script does: asks for the size of the eMMC and for a home partition, and sleeps after each restart. */
function scriptFor({ port, folder }: Facts): string {
  const fastboot = `fastboot -s tcp:127.0.0.1:${String(port)}`;
  return `set -e
cd '${folder}'
size=$(${fastboot} getvar mmc_size 2>&1 | sed -n 's/^mmc_size: *//p')
[ "$size" -gt 7000000000 ] && [ "$size" -lt 8000000000 ]
${fastboot} getvar partition-type:home >/dev/null 2>&1
${fastboot} flash bootloader0 u-boot.imx
${fastboot} reboot-bootloader
sleep 3
${fastboot} flash gpt partition-table-8gb.img
${fastboot} reboot-bootloader
sleep 3
${fastboot} erase misc
${fastboot} flash boot boot_arm64.img
${fastboot} flash rootfs rootfs_arm64.img
`;
}
