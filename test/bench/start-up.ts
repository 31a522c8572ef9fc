import { runProgram } from '../lab/program.js';
import { MDT } from './bench-desk.js';
import { alternate, timed } from './measure.js';
import { comparison, type Row } from './row.js';

export async function startUp(): Promise<Row[]> {
  const version = (): Promise<number> => timed(() => runProgram([...MDT, 'version']));
  const node = (): Promise<number> => timed(() => runProgram([process.execPath, '-e', '0']));
  await version();
  return [comparison('mdt version', { peerName: 'node -e 0', target: 1.5 }, await alternate(21, version, node))];
}
