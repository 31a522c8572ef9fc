import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import type { NamedModel } from '../../../tflite/warnings.js';
import type { Cli } from '../../cli.js';
import { jsonOption } from '../../options.js';
import { printJson } from '../../output/json.js';
import { modelsJson, printModels } from '../../output/models.js';
import { printModelWarnings } from '../../output/model-warnings.js';
import { reportError } from '../../report-error.js';
import { addVerb } from '../../verb.js';

interface Options {
  readonly runtime?: number;
  readonly json?: true;
}

export function addModelInfo(topic: Command, cli: Cli): void {
  addVerb(topic, 'info', {
    group: 'models',
    summary: 'show what is in .tflite files',
    details:
      'Show inputs, outputs, operators and, of models for the Edge TPU, the memory they need and the runtime. ' +
      'Several files are also looked at as a set that shares one Edge TPU.',
    examples: [
      ['mdt model info detect_edgetpu.tflite', 'what it takes and gives, and what will be slow'],
      ['mdt model info --runtime 13 *_edgetpu.tflite', 'which of them a board with runtime 13 cannot run'],
    ],
  })
    .addArgument(new Argument('<file...>', 'models'))
    .addOption(new Option('--runtime <version>', 'Edge TPU runtime that is to run them').argParser(parseRuntime))
    .addOption(jsonOption())
    .action(async (files: readonly string[], options: Options) => {
      const { warningsOf } = await import('../../../tflite/warnings.js');
      const models = await readAll(cli, files);
      const warnings = warningsOf(models, { runtimeVersion: options.runtime });
      if (options.json) {
        printJson(cli, modelsJson(models, warnings));
        return;
      }
      printModels(cli, models);
      printModelWarnings(cli, warnings);
    });
}

/** All that can be read; the others are reported, and the first of them decides the exit code. */
async function readAll(cli: Cli, files: readonly string[]): Promise<NamedModel[]> {
  const { readModelFile } = await import('../../../tflite/model-file.js');
  const models: NamedModel[] = [];
  for (const file of new Set(files)) {
    try {
      models.push({ file, model: await readModelFile(file) });
    } catch (error) {
      const code = reportError(error, { printer: cli.printer, environment: cli.host.environment });
      if (cli.exitCode === 0) cli.exitCode = code;
    }
  }
  return models;
}

/** The number of an Edge TPU runtime, such as 13. */
export function parseRuntime(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('Give a number, such as 13.');
  return Number(text);
}
