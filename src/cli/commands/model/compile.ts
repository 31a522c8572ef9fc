import { Argument, Option, type Command } from 'commander';
import type { Cli } from '../../cli.js';
import { jsonOption, timeoutOption } from '../../options.js';
import { printJson } from '../../output/json.js';
import { modelsJson, printModels } from '../../output/models.js';
import { printModelWarnings } from '../../output/model-warnings.js';
import { addVerb } from '../../verb.js';
import { parseRuntime } from './info.js';

interface Options {
  readonly outDir?: string;
  readonly minRuntime?: number;
  readonly timeout?: number;
  readonly json?: true;
}

export function addModelCompile(topic: Command, cli: Cli): void {
  addVerb(topic, 'compile', {
    group: 'models',
    summary: 'compile models for the Edge TPU with the edgetpu_compiler of this host',
    details:
      'Compile quantized models for the Edge TPU, and show what came out. The edgetpu_compiler of Google has to be ' +
      'installed here; it exists for Linux on x86-64. Several models are compiled to share one Edge TPU.',
    examples: [
      ['mdt model compile detect.tflite', 'makes detect_edgetpu.tflite in the current folder'],
      ['mdt model compile --min-runtime 12 first.tflite second.tflite', 'to be used in turn, on older boards too'],
    ],
  })
    .addArgument(new Argument('<file...>', 'models'))
    .addOption(new Option('-o, --out-dir <folder>', 'where to put the results'))
    .addOption(new Option('--min-runtime <version>', 'oldest Edge TPU runtime to compile for').argParser(parseRuntime))
    .addOption(timeoutOption('give up after so many seconds (default: 900)'))
    .addOption(jsonOption())
    .action(async (files: readonly string[], options: Options) => {
      const { compileModels } = await import('../../../models/compile.js');
      const { warningsOf } = await import('../../../tflite/warnings.js');
      const { compilerVersion, models } = await compileModels(
        {
          files,
          outputDir: options.outDir,
          minRuntimeVersion: options.minRuntime,
          timeoutMs: options.timeout,
          variables: cli.host.environment.variables,
        },
        { signal: cli.io.signal },
      );
      const warnings = warningsOf(models);
      if (options.json) {
        printJson(cli, { compilerVersion: compilerVersion ?? null, ...modelsJson(models, warnings) });
        return;
      }
      printModels(cli, models);
      printModelWarnings(cli, warnings);
    });
}
