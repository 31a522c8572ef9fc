import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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

const RECORD_PEAK = `
process.on('exit', () => require('node:fs').writeFileSync(process.env.BENCH_PEAK, String(process.resourceUsage().maxRSS)));
`;

/** The whole sequence of a Dev Board from fastboot to its last command, beside Debian's fastboot in a script that sleeps. */
export async function flashSequence(): Promise<Row[]> {
  const name = 'flash a Dev Board';
  const absent = ['fastboot', 'python3'].filter(program => !hasProgram(program));
  if (absent.length > 0) return [{ kind: 'skipped', name, reason: `needs ${absent.join(', ')}` }];
  const folder = await mkdtemp(join(tmpdir(), 'mdt-bench-'));
  const board = spawnProgram([process.execPath, BOARD, folder]);
  try {
    const facts = JSON.parse(await waitForLine(board.stdout, /^\{/)) as Facts;
    const script = join(folder, 'flash.sh');
    await writeFile(script, scriptFor(facts, join(folder, 'unpacked')));
    const recorder = join(folder, 'record-peak.cjs');
    const peak = join(folder, 'peak');
    await writeFile(recorder, RECORD_PEAK);
    const env = {
      ...{ MDT_CONFIG_DIR: join(folder, 'config'), CI: '1' },
      ...{ NODE_OPTIONS: `--require ${recorder}`, BENCH_PEAK: peak },
    };
    const selector = `tcp:127.0.0.1:${String(facts.port)}`;
    const ours = (): Promise<number> =>
      timed(() => mustRun([...MDT, 'flash', '--yes', '--no-reboot', '-d', selector, facts.zip], { env }));
    const theirs = (): Promise<number> => timed(() => mustRun(['bash', script]));
    await ours();
    const runs = await alternate(3, ours, theirs);
    const lost = runs.ours.map((ms, index) => ms - (runs.peer[index] ?? Number.NaN) + SAVED_MS);
    const megabytes = (Number(await readFile(peak, 'utf8')) * 1024) / 1e6;
    return [
      limit('flash a Dev Board, over 6 s less than the script with its sleeps', { unit: 'ms', limit: 0 }, lost),
      limit('peak memory while flashing a Dev Board', { unit: 'MB', limit: 150 }, [megabytes]),
    ];
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
}

/** What a careful script does: unpacks the zip, asks for the size of the eMMC and for a home partition, and sleeps after each restart. */
function scriptFor({ port, zip }: Facts, folder: string): string {
  const fastboot = `fastboot -s tcp:127.0.0.1:${String(port)}`;
  // Python's is the unpacking that every Linux has; `unzip` is no faster.
  return `set -e
rm -rf '${folder}'
python3 -m zipfile -e '${zip}' '${folder}'
cd '${folder}'/*/
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
