import type { Command } from 'commander';
import type { Cli } from '../../cli.js';
import { addFastbootVerb, fastbootFor } from '../../fastboot-board.js';

export function addUpload(topic: Command, cli: Cli): void {
  addFastbootVerb(topic, 'upload', {
    summary: 'get what the last command staged on the board into a file',
    examples: [['mdt fastboot -s tcp:192.168.1.7 upload log.txt', 'after an oem command that stages its output']],
  })
    .argument('<file>', 'file to write')
    .action(async (file: string, _options: object, command: Command) => {
      const { writeOutputFile } = await import('../../../fastboot/image/output-file.js');
      await using client = await fastbootFor(cli, command);
      await writeOutputFile(file, async output => {
        await client.upload(chunk => output.writeFile(chunk), cli.io.signal);
      });
    });
}
