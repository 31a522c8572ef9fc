import { Argument, Option, type Command } from 'commander';
import { safeText } from '../../../device/board-text.js';
import type { PushedModel, PushModelsResult } from '../../../models/push-models.js';
import { contactFor, progressFor } from '../../board.js';
import type { Cli } from '../../cli.js';
import { deviceOption, jsonOption, progressOption } from '../../options.js';
import { formatBytes } from '../../output/amounts.js';
import { printJson } from '../../output/json.js';
import { addVerb } from '../../verb.js';

interface Options {
  readonly name?: string;
  readonly force?: true;
  readonly json?: true;
}

export function addModelPush(topic: Command, cli: Cli): void {
  addVerb(topic, 'push', {
    group: 'models',
    summary: 'put models on a board',
    details:
      'Put models on a board, below ~/.mdt/models, where programs open them as names/NAME. What is there already is not ' +
      'sent again. A model that needs a newer Edge TPU runtime than the board has is refused before anything is sent.',
    examples: [
      ['mdt model push detect_edgetpu.tflite', 'to be found on the board as ~/.mdt/models/names/detect_edgetpu.tflite'],
      ['mdt model push --name detect.tflite v2/detect_edgetpu.tflite', 'under another name, which is given anew'],
    ],
  })
    .addArgument(new Argument('<file...>', 'models'))
    .addOption(deviceOption())
    .addOption(new Option('--name <name>', 'name on the board, for one model'))
    .addOption(new Option('--force', "push what the board's Edge TPU runtime is too old for, too"))
    .addOption(jsonOption())
    .addOption(progressOption())
    .action(async (files: readonly string[], { name, force, json }: Options, command: Command) => {
      const { pushModels } = await import('../../../models/push-models.js');
      await using contact = await contactFor(cli, command);
      using progress = progressFor(cli, command);
      const operation = { signal: cli.io.signal, onProgress: progress.onProgress };
      const { models, runtimeVersion } = await pushModels(contact.session, { files, name, force }, operation);
      if (json) printJson(cli, pushedJson({ models, runtimeVersion }));
      else printPushed(cli, models);
    });
}

/** Schema of `--json`; fields are added, never changed. */
function pushedJson({ models, runtimeVersion }: PushModelsResult): object {
  return {
    runtimeVersion: runtimeVersion ?? null,
    models: models.map(({ file, name, sha256, sizeBytes, path, sent }) => ({
      file,
      name,
      sha256,
      sizeBytes,
      path,
      sent,
    })),
  };
}

function printPushed({ printer }: Cli, models: readonly PushedModel[]): void {
  for (const { name, sizeBytes, sent, path } of models) {
    const place = safeText(path);
    printer.line(
      sent
        ? `Pushed ${safeText(name)}, ${formatBytes(sizeBytes)}, to ${place}.`
        : `Unchanged ${safeText(name)} at ${place}.`,
    );
  }
}
