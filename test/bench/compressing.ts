import { join } from 'node:path';
import { BenchDesk } from './bench-desk.js';
import { alternate } from './measure.js';
import { comparison, type Row } from './row.js';
import { writeRandomFile, writeTextFile } from './test-data.js';

const SIZE_BYTES = 40_000_000;

export async function compressing(): Promise<Row[]> {
  await using desk = await BenchDesk.open(1);
  const text = await writeTextFile(join(desk.folder, 'text.log'), SIZE_BYTES);
  const random = await writeRandomFile(join(desk.folder, 'random.bin'), SIZE_BYTES);
  await desk.lab.shape({ rateMbit: 40 });
  const push =
    (file: string, ...flags: string[]) =>
    async (): Promise<number> => {
      await desk.clean();
      return desk.mdt(['push', ...flags, file, '/home/mendel/bench/']);
    };
  const sftp = async (): Promise<number> => {
    await desk.clean();
    return desk.sftp([`put ${text} /home/mendel/bench/`], ['-C']);
  };
  return [
    comparison(
      'push of 40 MB text, 40 Mbit/s',
      { peerName: 'sftp -C', target: 1.1 },
      await alternate(3, push(text), sftp),
    ),
    comparison(
      'push of 40 MB random data, 40 Mbit/s',
      { peerName: 'without compression', target: 1.01 },
      await alternate(3, push(random), push(random, '--no-compress')),
    ),
  ];
}
