import type { Command } from 'commander';
import type { Cli } from '../../cli.js';
import { addFastbootVerb, fastbootFor } from '../../fastboot-board.js';

export function addFastbootReboot(topic: Command, cli: Cli): void {
  addFastbootVerb(topic, 'reboot', { summary: 'restart the board' }).action(
    async (_options: object, command: Command) => {
      await using client = await fastbootFor(cli, command);
      await client.reboot(cli.io.signal);
    },
  );
}

export function addFastbootRebootBootloader(topic: Command, cli: Cli): void {
  addFastbootVerb(topic, 'reboot-bootloader', { summary: 'restart the board into fastboot' }).action(
    async (_options: object, command: Command) => {
      await using client = await fastbootFor(cli, command);
      await client.rebootBootloader(cli.io.signal);
    },
  );
}
