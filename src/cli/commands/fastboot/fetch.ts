import type { Command } from 'commander';
import type { Cli } from '../../cli.js';
import { addFastbootVerb, fastbootFor } from '../../fastboot-board.js';

export function addFetch(topic: Command, cli: Cli): void {
  addFastbootVerb(topic, 'fetch', {
    summary: 'read a partition into a file, where the bootloader offers that',
    examples: [['mdt fastboot -s tcp:192.168.1.7 fetch misc misc.img', 'read misc into misc.img']],
  })
    .argument('<partition>', 'name of the partition')
    .argument('<file>', 'file to write')
    .action(async (partition: string, file: string, _options: object, command: Command) => {
      const { writeOutputFile } = await import('../../../fastboot/image/output-file.js');
      await using client = await fastbootFor(cli, command);
      await writeOutputFile(file, async output => {
        await client.fetch(partition, chunk => output.writeFile(chunk), cli.io.signal);
      });
    });
}
