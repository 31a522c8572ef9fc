import { join } from 'node:path';
import { BenchDesk } from './bench-desk.js';
import { alternate, type Pairs } from './measure.js';
import { comparison, type Row } from './row.js';
import { writeRandomFile } from './test-data.js';

const SIZE_BYTES = 200_000_000;

const LINKS = [
  { name: 'no limit', pairs: 5, target: 1.0 },
  { name: '300 Mbit/s', rateMbit: 300, pairs: 3, target: 1.01 },
  { name: '40 Mbit/s', rateMbit: 40, pairs: 1, target: 1.01 },
] as const;

export async function largeFiles(): Promise<Row[]> {
  await using desk = await BenchDesk.open(1);
  const file = await writeRandomFile(join(desk.folder, 'large.bin'), SIZE_BYTES);
  const rows: Row[] = [];
  for (const link of LINKS) {
    await desk.lab.shape('rateMbit' in link ? { rateMbit: link.rateMbit } : {});
    const against = { peerName: 'sftp', target: link.target };
    rows.push(
      comparison(`push of 200 MB, ${link.name}`, against, await pushes(desk, file, link.pairs)),
      comparison(`pull of 200 MB, ${link.name}`, against, await pulls(desk, link.pairs)),
    );
  }
  return rows;
}

async function pushes(desk: BenchDesk, file: string, pairs: number): Promise<Pairs> {
  return alternate(
    pairs,
    async () => {
      await desk.clean();
      return desk.mdt(['push', file, '/home/mendel/bench/']);
    },
    async () => {
      await desk.clean();
      return desk.sftp([`put ${file} /home/mendel/bench/`]);
    },
  );
}

/** Fetches what the last push left on the board. */
async function pulls(desk: BenchDesk, pairs: number): Promise<Pairs> {
  const remote = '/home/mendel/bench/large.bin';
  return alternate(
    pairs,
    async () => desk.mdt(['pull', remote, await desk.emptyFolder()]),
    async () => desk.sftp([`get ${remote} ${await desk.emptyFolder()}/`]),
  );
}
