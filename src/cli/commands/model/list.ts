import type { Command } from 'commander';
import { safeText } from '../../../device/board-text.js';
import type { BoardModel } from '../../../models/board-models.js';
import { contactFor } from '../../board.js';
import type { Cli } from '../../cli.js';
import { deviceOption, jsonOption } from '../../options.js';
import { formatBytes } from '../../output/amounts.js';
import { printJson } from '../../output/json.js';
import { renderTable } from '../../output/table.js';
import { addVerb } from '../../verb.js';

const SHOWN_DIGITS = 12;

export function addModelList(topic: Command, cli: Cli): void {
  addVerb(topic, 'list', {
    group: 'models',
    summary: 'list the models on a board',
    examples: [['mdt model list', 'names, sizes and the beginning of their hashes']],
  })
    .addOption(deviceOption())
    .addOption(jsonOption())
    .action(async ({ json }: { json?: true }, command: Command) => {
      const { surveyModels } = await import('../../../models/board-models.js');
      await using contact = await contactFor(cli, command);
      const { path, models, runtimeVersion } = await surveyModels(contact.session, { signal: cli.io.signal });
      if (json) printJson(cli, { path, runtimeVersion: runtimeVersion ?? null, models });
      else printList(cli, models);
    });
}

/** A table for a person, `NAME<TAB>SHA256<TAB>BYTES` for a script. */
function printList({ printer }: Cli, models: readonly BoardModel[]): void {
  const rows = models.flatMap(model =>
    (model.names.length === 0 ? ['-'] : model.names).map(name => ({ name: safeText(name), model })),
  );
  if (!printer.interactive) {
    for (const { name, model } of rows) printer.line([name, model.sha256, String(model.sizeBytes)].join('\t'));
  } else if (rows.length === 0) {
    printer.note('There are no models on the board; put one there with "mdt model push".');
  } else {
    const cells = rows.map(({ name, model }) => [
      name,
      formatBytes(model.sizeBytes),
      model.sha256.slice(0, SHOWN_DIGITS),
    ]);
    const table = renderTable(['NAME', 'SIZE', 'SHA-256'], cells, text => printer.onStdout('bold', text));
    for (const line of table) printer.line(line);
  }
}
