import { join } from 'node:path';
import type { Command } from 'commander';
import { writePrivateFile } from '../../host/private-file.js';
import { resolveSetting } from '../../config/settings.js';
import { matchesSelector, parseSelector } from '../../device/selector.js';
import { DeviceNotFoundError } from '../../errors.js';
import type { KnownBoard } from '../../keys/known-boards.js';
import type { Cli } from '../cli.js';
import { deviceArgument, deviceOf, deviceOption } from '../options.js';
import { knownHostsText, sshConfigText } from '../output/ssh-config.js';
import { addVerb } from '../verb.js';

export function addSshConfig(program: Command, cli: Cli): void {
  addVerb(program, 'ssh-config', {
    group: 'talking',
    summary: 'print what ssh, scp and rsync need to log in',
    details:
      'Print an entry of ~/.ssh/config for every known board, or for one. Their host keys go to known_hosts in the ' +
      'folder of mdt, so that ssh checks them too.',
    examples: [
      ['mdt ssh-config >> ~/.ssh/config', 'then: ssh swift-otter, rsync -a data swift-otter:'],
      ['mdt ssh-config > boards.conf', 'then: ssh -F boards.conf swift-otter'],
    ],
  })
    .addArgument(deviceArgument())
    .addOption(deviceOption())
    .action(async (board: string | undefined, _options: object, command: Command) => {
      const { paths, environment } = cli.host;
      const { loadKnownBoards } = await import('../../keys/known-boards.js');
      const known = await loadKnownBoards(paths.knownBoardsFile);
      const wanted = choose(known, deviceOf(command, board).device);
      const knownHostsFile = join(paths.configDir, 'known_hosts');
      await writePrivateFile(knownHostsFile, knownHostsText(known));
      const { value: username = 'mendel' } = await resolveSetting('username', paths, environment);
      cli.printer.text(sshConfigText(wanted, { username, keyFile: paths.keyFile, knownHostsFile }));
    });
}

/** @throws DeviceNotFoundError if there is nothing to print */
function choose(known: readonly KnownBoard[], device: string | undefined): readonly KnownBoard[] {
  const selector = device === undefined ? undefined : parseSelector(device);
  const wanted = selector ? known.filter(board => matchesSelector({ ...board, state: 'offline' }, selector)) : known;
  if (wanted.length > 0) return wanted;
  throw new DeviceNotFoundError(device === undefined ? 'No board is known yet.' : `No board is known as ${device}.`, {
    hint: 'Run `mdt pair` with the board first.',
  });
}
