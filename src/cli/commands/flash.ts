import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { addFlashOptions, requireConsent, type FlashOptions } from '../flash-options.js';
import { addVerb } from '../verb.js';

export function addFlash(program: Command, cli: Cli): void {
  const verb = addVerb(program, 'flash', {
    group: 'flashing',
    summary: 'write a release of Mendel to a board',
    details:
      'Write a release of Mendel to a board: a release zip as it was downloaded, the folder it was unpacked to, or one image. ' +
      'The board is brought into fastboot from Mendel or by its serial console, if it is not there already. All images are read ' +
      'through, and held against the board, before anything is written; what was interrupted goes on with --resume.',
    examples: [
      ['mdt flash enterprise-eagle-20211117215217.zip', 'the board there is; /home is kept'],
      ['mdt flash --dry-run enterprise-eagle-20211117215217.zip', 'the steps, without doing them'],
      ['mdt flash --all --yes enterprise-eagle-20211117215217.zip', 'every board that is in fastboot'],
      ['mdt flash --partition boot=boot_arm64.img', 'one partition'],
    ],
  });
  addFlashOptions(verb).action(async (image: string | undefined, options: FlashOptions, command: Command) => {
    requireConsent(cli, options);
    const { flashOne, flashEvery, preview } = await import('../flash-session.js');
    const session = options.dryRun ? preview : options.all ? flashEvery : flashOne;
    await session(cli, command, { image, options });
  });
}
