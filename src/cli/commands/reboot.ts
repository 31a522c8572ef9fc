import { Option, type Command } from 'commander';
import type { RebootTarget } from '../../bootloader/reboot.js';
import { boardRequest } from '../board.js';
import type { Cli } from '../cli.js';
import { deviceArgument, deviceOption, timeoutOption } from '../options.js';
import { nameOf } from '../output/devices.js';
import { addVerb, type VerbText } from '../verb.js';

export function addReboot(program: Command, cli: Cli): void {
  declare(program, cli, 'mendel', {
    group: 'talking',
    summary: 'restart a board',
    examples: [['mdt reboot --wait', 'go on when it has come back']],
  });
}

export function addRebootBootloader(program: Command, cli: Cli): void {
  declare(program, cli, 'bootloader', {
    group: 'talking',
    summary: 'restart a board into its bootloader',
    details: 'Restart a board into its bootloader, where it waits for fastboot.',
    examples: [['mdt reboot-bootloader --wait', 'go on when it has gone down']],
  });
}

function declare(program: Command, cli: Cli, target: RebootTarget, text: VerbText): void {
  const isMendel = target === 'mendel';
  addVerb(program, isMendel ? 'reboot' : 'reboot-bootloader', text)
    .addArgument(deviceArgument())
    .addOption(deviceOption())
    .addOption(new Option('--wait', isMendel ? 'wait until it is back' : 'wait until it is gone'))
    .addOption(timeoutOption('longest wait for either, in seconds (default: 60 down, 300 up)'))
    .action(async (board: string | undefined, options: { wait?: true; timeout?: number }, command: Command) => {
      const { rebootBoard } = await import('../../bootloader/reboot.js');
      const device = await rebootBoard(cli.host, {
        ...boardRequest(cli, command, board),
        target,
        wait: options.wait ?? false,
        downTimeoutMs: options.timeout,
        upTimeoutMs: options.timeout,
      });
      const done = isMendel ? 'is back' : 'went down for its bootloader';
      cli.printer.line(`${nameOf(device)} ${options.wait ? done : 'is rebooting'}`);
    });
}
