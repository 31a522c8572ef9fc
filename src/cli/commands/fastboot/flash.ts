import { Option, type Command } from 'commander';
import { progressFor } from '../../board.js';
import type { Cli } from '../../cli.js';
import { addFastbootVerb, fastbootFor } from '../../fastboot-board.js';
import { progressOption } from '../../options.js';

export function addFlash(topic: Command, cli: Cli): void {
  addFastbootVerb(topic, 'flash', {
    summary: 'write an image to a partition',
    details:
      'Write a raw or sparse image to a partition. It is read through and held against the size of the partition before ' +
      'anything is sent; one that is larger than the board takes at once goes in pieces.',
    examples: [['mdt fastboot -s tcp:192.168.1.7 flash boot boot_arm64.img', 'write boot_arm64.img to boot']],
  })
    .argument('<partition>', 'name of the partition')
    .argument('<file>', 'image to write')
    .addOption(new Option('--keep-holes', 'leave the board as it is where a raw image has holes (Linux)'))
    .addOption(progressOption())
    .action(async (partition: string, file: string, options: { keepHoles?: true }, command: Command) => {
      const { FileImage } = await import('../../../fastboot/image/file-image.js');
      await using image = await FileImage.open(file, { keepHoles: options.keepHoles ?? false, signal: cli.io.signal });
      using progress = progressFor(cli, command);
      const { onProgress } = progress;
      await using client = await fastbootFor(cli, command, ({ text }) => {
        onProgress({ kind: 'message', task: 'flash', text: `(bootloader) ${text}` });
      });
      await client.flash({ partition, image }, { signal: cli.io.signal, onProgress });
    });
}
