import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { MAX_DURATION_MS, MAX_RUNS } from '../../agent/limits.js';
import type { Baseline } from '../../bench/compare.js';
import type { BenchReport } from '../../bench/report.js';
import type { BenchRequest } from '../../bench/request.js';
import { UsageError } from '../../errors.js';
import { writeReports, readBaseline } from '../bench-files.js';
import { contactFor, progressFor } from '../board.js';
import type { Cli } from '../cli.js';
import { deviceOption, parseSeconds, progressOption } from '../options.js';
import { nameOf } from '../output/devices.js';
import { printBench, printTable } from '../output/bench.js';
import { addVerb } from '../verb.js';

interface Options {
  readonly cpu?: true;
  readonly tpu?: number | 'all';
  readonly runs?: number;
  readonly duration?: number;
  readonly warmup?: number;
  readonly streams?: number;
  readonly interleave?: true;
  readonly threads?: number;
  readonly governor?: 'performance';
  readonly force?: true;
  readonly compare?: string;
  readonly json?: string;
  readonly csv?: string;
  readonly html?: string;
  readonly suite?: 'coral' | 'transfer';
  readonly agentOnly?: true;
}

/** What a training has no use for; silence would make one think that it had. */
const NOT_FOR_TRAINING = ['cpu', 'duration', 'warmup', 'streams', 'interleave', 'threads', 'force', 'compare'] as const;

export function addBench(program: Command, cli: Cli): void {
  const verb = addVerb(program, 'bench', {
    group: 'models',
    summary: 'measure models on the Edge TPU of a board',
    details:
      'Measure models on the Edge TPU of a board, or on its CPU: load, first ' +
      'inference, percentiles, throughput, copies, drift, temperature, and how that ' +
      'compares. Times are milliseconds. Models and the agent that runs them are put ' +
      'on the board once, and python3 has to be there.',
    examples: [
      ['mdt bench detect_edgetpu.tflite', 'with the verdict against what Google measured on this kind of board'],
      ['mdt bench --duration 60 --governor performance *_edgetpu.tflite', 'under load, a minute for each'],
      ['mdt bench --interleave first_edgetpu.tflite second_edgetpu.tflite', 'in turn, which shows evictions'],
      ['mdt bench --json now.json --compare before.json detect_edgetpu.tflite', 'against a result of before'],
      ['mdt bench --tpu all detect_edgetpu.tflite', 'on all Edge TPUs, and how throughput grows with their number'],
      ['mdt bench --suite transfer', 'how long training the last layer of a model takes on the board'],
    ],
  });
  addRunOptions(verb)
    .addOption(new Option('--compare <file>', 'result of before, or "reference" for what Google published (default)'))
    .addOption(new Option('--json <file>', 'write the result to a file; - is the standard output'))
    .addOption(new Option('--csv <file>', 'write a line for each model to a file; - is the standard output'))
    .addOption(new Option('--html <file>', 'write a page with charts to a file; - is the standard output'))
    .addOption(
      new Option(
        '--suite <name>',
        "coral: Google's models that are in a folder, beside its table; transfer: training on the board",
      ).choices(['coral', 'transfer']),
    )
    .addOption(new Option('--agent-only', 'put the agent on the board, and print the command that runs it'))
    .addOption(progressOption())
    .action(async (files: readonly string[], options: Options, command: Command) => {
      if (outputsOf(options).filter(file => file === '-').length > 1) {
        throw new UsageError('Only one result fits on the standard output.', { hint: 'Name files for the others.' });
      }
      await (options.agentOnly ? printAgentCommand(cli, command) : bench(cli, command, { files, options }));
    });
}

function addRunOptions(verb: Command): Command {
  return verb
    .addArgument(new Argument('[file...]', 'models'))
    .addOption(deviceOption())
    .addOption(new Option('--cpu', 'measure the CPU of the board'))
    .addOption(
      new Option('--tpu <number>', 'which Edge TPU, or all at the same time').argParser(parseTpu).conflicts('cpu'),
    )
    .addOption(new Option('--runs <count>', 'inferences (default: 500, on the CPU 50)').argParser(upTo(1, MAX_RUNS)))
    .addOption(
      new Option('--duration <seconds>', 'measure for so many seconds').argParser(parseDuration).conflicts('runs'),
    )
    .addOption(
      new Option('--warmup <count>', 'inferences before that are not counted (default: 5)').argParser(
        upTo(0, 1_000_000),
      ),
    )
    .addOption(new Option('--streams <count>', 'interpreters at the same time on each Edge TPU').argParser(upTo(1, 64)))
    .addOption(new Option('--interleave', 'run the models in turn'))
    .addOption(new Option('--threads <count>', 'threads of each interpreter').argParser(upTo(1, 64)))
    .addOption(new Option('--governor <name>', 'CPU governor while it runs').choices(['performance']))
    .addOption(new Option('--force', "measure what the board's Edge TPU runtime is too old for, too"));
}

async function bench(
  cli: Cli,
  command: Command,
  { files, options }: { readonly files: readonly string[]; readonly options: Options },
): Promise<void> {
  if (options.suite === 'transfer') return training(cli, command, { files, options });
  if (files.length === 0) throw new UsageError('No model to measure.', { hint: 'Give one or more .tflite files.' });
  const baseline = await readBaseline(options.compare);
  const suite = options.suite === undefined ? undefined : await import('../../bench/suite.js');
  const models = suite === undefined ? files : await suite.coralSuite(folderOf(files), options.cpu ? 'cpu' : 'tpu');
  const { runBench } = await import('../../bench/run-bench.js');
  await using contact = await contactFor(cli, command);
  using progress = progressFor(cli, command);
  const request = requestOf({ files: models, options, baseline, boardName: nameOf(contact.device) });
  const operation = { signal: cli.io.signal, onProgress: progress.onProgress };
  const { report } = await runBench(contact.session, request, operation);
  progress[Symbol.dispose]();
  await show(cli, { report, options, table: suite?.suiteTable(report) });
}

/** Training on the board, as pycoral's scripts measure it. */
async function training(
  cli: Cli,
  command: Command,
  { files, options }: { readonly files: readonly string[]; readonly options: Options },
): Promise<void> {
  const folder = files.length === 0 ? undefined : folderOf(files);
  const idle = NOT_FOR_TRAINING.find(name => options[name] !== undefined);
  if (idle !== undefined) {
    throw new UsageError(`--${idle} means nothing to --suite transfer.`, { hint: 'Leave it out.' });
  }
  const { runTraining } = await import('../../bench/run-training.js');
  await using contact = await contactFor(cli, command);
  using progress = progressFor(cli, command);
  const { runs: steps, tpu, governor } = options;
  const board = { boardName: nameOf(contact.device), mdtVersion: MDT_VERSION };
  const request = { ...board, folder, steps, target: 'tpu', tpu: tpu === 'all' ? 0 : tpu, governor } as const;
  const report = await runTraining(contact.session, request, {
    ...{ signal: cli.io.signal, onProgress: progress.onProgress },
  });
  progress[Symbol.dispose]();
  await show(cli, { report, options });
}

function outputsOf({ json, csv, html }: Options): (string | undefined)[] {
  return [json, csv, html];
}

/** What was measured is printed first: a file that cannot be written does not lose it. */
async function show(
  cli: Cli,
  {
    report,
    options,
    table,
  }: {
    readonly report: BenchReport;
    readonly options: Options;
    readonly table?: readonly (readonly string[])[] | undefined;
  },
): Promise<void> {
  if (!outputsOf(options).includes('-')) {
    printBench(cli, report);
    if (table !== undefined) printTable(cli, table);
  }
  await writeReports(cli, report, options);
}

function folderOf([folder = '.', ...more]: readonly string[]): string {
  if (more.length === 0) return folder;
  throw new UsageError('A suite is in one folder.', { hint: 'Give the folder alone.' });
}

function requestOf({
  files,
  options,
  baseline,
  boardName,
}: {
  readonly files: readonly string[];
  readonly options: Options;
  readonly baseline: Baseline;
  readonly boardName: string;
}): BenchRequest {
  const { cpu, duration, runs, tpu, warmup, streams, interleave, threads, governor, force } = options;
  return {
    ...{ files, baseline, boardName, mdtVersion: MDT_VERSION },
    target: cpu ? 'cpu' : 'tpu',
    durationMs: duration,
    ...{ runs, tpu, warmup, streams, interleave, threads, governor, force },
  };
}

async function printAgentCommand(cli: Cli, command: Command): Promise<void> {
  const [{ deployAgent }, { agentCommand }] = await Promise.all([
    import('../../bench/deploy-agent.js'),
    import('../../bench/agent-session.js'),
  ]);
  await using contact = await contactFor(cli, command);
  const { path } = await deployAgent(contact.session, { signal: cli.io.signal });
  cli.printer.line(agentCommand(path).replace(/^exec /, ''));
}

function parseDuration(text: string): number {
  const durationMs = parseSeconds(text);
  if (durationMs <= MAX_DURATION_MS) return durationMs;
  throw new InvalidArgumentError(`Give ${String(MAX_DURATION_MS / 1000)} seconds, which is a day, or less.`);
}

function parseTpu(text: string): number | 'all' {
  if (text === 'all') return 'all';
  if (!/^\d{1,2}$/.test(text) || Number(text) > 63) throw new InvalidArgumentError('Give a number from 0, or "all".');
  return Number(text);
}

function upTo(lowest: number, highest: number): (text: string) => number {
  return text => {
    const count = Number(text);
    if (/^\d+$/.test(text) && count >= lowest && count <= highest) return count;
    throw new InvalidArgumentError(`Give a number from ${String(lowest)} to ${String(highest)}.`);
  };
}
