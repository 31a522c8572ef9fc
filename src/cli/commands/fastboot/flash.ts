import { Option, type Command } from 'commander';
import { progressFor } from '../../board.js';
import type { Cli } from '../../cli.js';
import { addFastbootVerb, fastbootFor } from '../../fastboot-board.js';
import { progressOption } from '../../options.js';

interface FlashOptions {
  readonly keepHoles?: true;
  readonly raw?: true;
}

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
    .addOption(new Option('--raw', 'write an archive or a web page as it is'))
    .addOption(progressOption())
    .action(async (partition: string, file: string, options: FlashOptions, command: Command) => {
      const [{ FileImage }, { refuseArchive }] = await Promise.all([
        import('../../../fastboot/image/file-image.js'),
        import('../../../fastboot/image/archive.js'),
      ]);
      await using image = await FileImage.open(file, { keepHoles: options.keepHoles ?? false, signal: cli.io.signal });
      if (options.raw !== true) await refuseArchive(image, file);
      using progress = progressFor(cli, command);
      const { onProgress } = progress;
      await using client = await fastbootFor(cli, command, ({ text }) => {
        onProgress({ kind: 'message', task: 'flash', text: `(bootloader) ${text}` });
      });
      await client.flash({ partition, image }, { signal: cli.io.signal, onProgress });
    });
}
