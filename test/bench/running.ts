import { BenchDesk } from './bench-desk.js';
import { alternate } from './measure.js';
import { comparison, type Row } from './row.js';

export async function running(): Promise<Row[]> {
  await using desk = await BenchDesk.open(1);
  const { options, destination } = desk.peer;
  const mdt = (): Promise<number> => desk.mdt(['exec', 'true']);
  const ssh =
    (...settings: string[]) =>
    (): Promise<number> =>
      desk.time(['ssh', ...options, ...settings, destination, 'true']);
  await mdt();
  return [
    comparison('mdt exec true', { peerName: 'ssh', target: 1.0 }, await alternate(15, mdt, ssh())),
    comparison(
      'mdt exec true',
      { peerName: 'ssh with curve25519', target: 1.3 },
      await alternate(15, mdt, ssh('-o', 'KexAlgorithms=curve25519-sha256')),
    ),
  ];
}
