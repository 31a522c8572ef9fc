import { Argument, type Command } from 'commander';
import { safeText } from '../../../device/board-text.js';
import { contactFor } from '../../board.js';
import type { Cli } from '../../cli.js';
import { deviceOption, jsonOption } from '../../options.js';
import { formatBytes } from '../../output/amounts.js';
import { printJson } from '../../output/json.js';
import { addVerb } from '../../verb.js';

export function addModelRm(topic: Command, cli: Cli): void {
  addVerb(topic, 'rm', {
    group: 'models',
    summary: 'take models off a board',
    details:
      'Take models off a board: by name, or by the first eight or more digits of their SHA-256 with all its names.',
    examples: [['mdt model rm detect_edgetpu.tflite', 'its content goes when no other name leads to it']],
  })
    .addArgument(new Argument('<name...>', 'names, as "mdt model list" shows them'))
    .addOption(deviceOption())
    .addOption(jsonOption())
    .action(async (names: readonly string[], { json }: { json?: true }, command: Command) => {
      const { removeModels } = await import('../../../models/remove-models.js');
      await using contact = await contactFor(cli, command);
      const removed = await removeModels(contact.session, names, cli.io.signal);
      if (json) {
        printJson(cli, { removed: removed.map(one => ({ ...one, name: one.name ?? null })) });
        return;
      }
      for (const { name, sha256, freedBytes } of removed) {
        cli.printer.line(`Removed ${safeText(name ?? sha256)} (${formatBytes(freedBytes)} freed).`);
      }
    });
}
