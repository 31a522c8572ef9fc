import { join } from 'node:path';
import { BenchDesk } from './bench-desk.js';
import { alternate } from './measure.js';
import { comparison, type Row } from './row.js';
import { writeTree } from './test-data.js';

const COUNT = 2000;
const NAME = `push of ${String(COUNT)} x 4 KB`;

export async function smallFiles(): Promise<Row[]> {
  await using desk = await BenchDesk.open(1);
  const tree = await writeTree(join(desk.folder, 'tree'), COUNT);
  const afterCleaning = (work: () => Promise<number>) => async (): Promise<number> => {
    await desk.clean();
    return work();
  };
  const mdt = (): Promise<number> => desk.mdt(['push', tree, '/home/mendel/bench/']);
  const sftp = (): Promise<number> => desk.sftp([`put -r ${tree} /home/mendel/bench/`]);
  const tar = (): Promise<number> =>
    desk.shell(`tar cf - -C ${desk.folder} tree | ${desk.sshWords} ${desk.peer.destination} 'tar xf - -C bench'`);
  const rsync = (): Promise<number> =>
    desk.time(['rsync', '-a', '-e', desk.sshWords, tree, `${desk.peer.destination}:bench/`]);

  const [fresh, freshTar] = [afterCleaning(mdt), afterCleaning(tar)];
  const rows: Row[] = [
    comparison(NAME, { peerName: 'sftp -r', target: 0.35 }, await alternate(5, fresh, afterCleaning(sftp))),
    comparison(NAME, { peerName: 'tar over ssh', target: 0.9 }, await alternate(5, fresh, freshTar)),
  ];
  await fresh();
  rows.push(comparison(`${NAME}, unchanged`, { peerName: 'rsync -a', target: 1.0 }, await alternate(7, mdt, rsync)));
  await desk.lab.shape({ roundTripMs: 10 });
  const delayed = `${NAME}, 10 ms round trips`;
  rows.push(comparison(delayed, { peerName: 'tar over ssh', target: 1.1 }, await alternate(5, fresh, freshTar)));
  return rows;
}
