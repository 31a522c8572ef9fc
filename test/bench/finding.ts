import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { startDeskAvahi } from '../lab/desk-avahi.js';
import { spawnProgram } from '../lab/program.js';
import { BenchDesk, MDT } from './bench-desk.js';
import { alternate, median, timed } from './measure.js';
import { comparison, limit, type Row } from './row.js';

const BOARDS = 20;

export async function finding(): Promise<Row[]> {
  await using desk = await BenchDesk.open(BOARDS);
  await startDeskAvahi(desk.lab.desk);
  const devices = (): Promise<number> => desk.mdt(['devices']);
  const browse = (): Promise<number> => desk.time(['avahi-browse', '-rpt', '_googlemdt._tcp']);
  await browse();
  const pairs = await alternate(7, devices, browse);
  return [
    comparison(`mdt devices, ${String(BOARDS)} boards`, { peerName: 'avahi-browse -rpt', target: 0.35 }, pairs),
    limit('first line of mdt devices --watch after start-up', { unit: 'ms', limit: 150 }, await firstLines(desk, 7)),
  ];
}

/** How long after the start-up of the command (which `mdt version` shows) the first board is printed. */
async function firstLines(desk: BenchDesk, runs: number): Promise<number[]> {
  const starts: number[] = [];
  const lines: number[] = [];
  for (let run = 0; run < runs; run++) {
    starts.push(await desk.mdt(['version']));
    lines.push(await timed(() => firstLine(desk)));
  }
  const startMs = median(starts);
  return lines.map(ms => ms - startMs);
}

async function firstLine(desk: BenchDesk): Promise<void> {
  const child = spawnProgram(desk.lab.desk.enter([...MDT, 'devices', '--watch']), { env: desk.env });
  const closed = once(child, 'close');
  child.stderr.resume();
  const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), closed])) as unknown[];
  child.kill('SIGKILL');
  if (typeof line !== 'string') throw new Error('mdt devices --watch printed nothing');
}
