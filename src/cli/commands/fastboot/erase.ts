import type { Command } from 'commander';
import type { Cli } from '../../cli.js';
import { addFastbootVerb, fastbootFor } from '../../fastboot-board.js';

export function addErase(topic: Command, cli: Cli): void {
  addFastbootVerb(topic, 'erase', {
    summary: 'erase a partition',
    examples: [['mdt fastboot -s tcp:192.168.1.7 erase misc', 'forget what was to be done at the next start']],
  })
    .argument('<partition>', 'name of the partition')
    .action(async (partition: string, _options: object, command: Command) => {
      await using client = await fastbootFor(cli, command);
      await client.erase(partition, cli.io.signal);
    });
}
