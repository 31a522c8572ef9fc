import { join } from 'node:path';
import type { LabBoard } from './board.js';
import { mustRun } from './program.js';

/** OpenSSH's client set up for a board: our peer in contract suites and benchmarks. */
export interface OpenSshPeer {
  /** Options of ssh, sftp, scp and of rsync's `-e`; they name the key and the known host. */
  readonly options: readonly string[];
  /** `mendel@ADDRESS`. */
  readonly destination: string;
}

/** Makes a key as mdt's own, by default in `folder`, has the boards accept it, and pins their host keys. */
export async function openSshPeers(
  boards: readonly LabBoard[],
  folder: string,
  key = join(folder, 'peer-key'),
): Promise<OpenSshPeer[]> {
  await mustRun(['ssh-keygen', '-q', '-t', 'rsa', '-b', '4096', '-m', 'PEM', '-N', '', '-C', 'mdt', '-f', key]);
  const publicLine = await mustRun(['cat', `${key}.pub`]);
  return await Promise.all(
    boards.map(async board => {
      const known = join(folder, `known-${board.name}`);
      await board.authorize(`${publicLine}\n`);
      await mustRun(['tee', known], { input: `${board.address} ${await board.hostKeyLine()}\n` });
      const settings = [`UserKnownHostsFile=${known}`, 'GlobalKnownHostsFile=/dev/null', 'BatchMode=yes'];
      return {
        options: ['-F', '/dev/null', '-i', key, ...settings.flatMap(setting => ['-o', setting])],
        destination: `mendel@${board.address}`,
      };
    }),
  );
}
