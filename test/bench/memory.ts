import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BenchDesk } from './bench-desk.js';
import { limit, type Row } from './row.js';
import { writeRandomFile } from './test-data.js';

/** Loaded before mdt itself: at its end it writes down the most memory it ever held, in KiB. */
const RECORD_PEAK = `
process.on('exit', () => require('node:fs').writeFileSync(process.env.BENCH_PEAK, String(process.resourceUsage().maxRSS)));
`;

export async function memory(): Promise<Row[]> {
  await using desk = await BenchDesk.open(1);
  const file = await writeRandomFile(join(desk.folder, 'huge.bin'), 2 * 1024 ** 3);
  const recorder = join(desk.folder, 'record-peak.cjs');
  const peak = join(desk.folder, 'peak');
  await writeFile(recorder, RECORD_PEAK);
  await desk.clean();
  await desk.mdt(['push', file, '/home/mendel/bench/'], {
    env: { NODE_OPTIONS: `--require ${recorder}`, BENCH_PEAK: peak },
  });
  await desk.clean();
  const megabytes = (Number(await readFile(peak, 'utf8')) * 1024) / 1e6;
  return [limit('peak memory while pushing 2 GiB', { unit: 'MB', limit: 120 }, [megabytes])];
}
