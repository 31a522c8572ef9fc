import { stat } from 'node:fs/promises';
import { basename, extname, isAbsolute, join } from 'node:path';
import { safeText } from '../device/board-text.js';
import { FileError, MdtError, UsageError } from '../errors.js';
import { parseCompilerLog, type CompiledModel, type CompilerLog } from '../tflite/compiler-log.js';
import { readModelFile } from '../tflite/model-file.js';
import type { NamedModel } from '../tflite/warnings.js';
import type { LongOperation } from '../time/progress.js';
import { runProgram } from './run-program.js';

export const COMPILER = 'edgetpu_compiler';

/** The compiler gives up on its own after three minutes; several models take several times as long. */
const DEFAULT_TIMEOUT_MS = 15 * 60_000;

/** Models to compile, and how. */
export interface CompileRequest {
  /** Models; several are compiled together, so that they share the Edge TPU's memory. */
  readonly files: readonly string[];
  /** Existing folder for the results; else the current one. */
  readonly outputDir?: string | undefined;
  /** Oldest Edge TPU runtime that has to be able to run the results. */
  readonly minRuntimeVersion?: number | undefined;
  /** Variables of this host, among them the PATH on which the compiler is looked for. */
  readonly variables: Readonly<NodeJS.ProcessEnv>;
  readonly timeoutMs?: number | undefined;
}

/** What the compiler made. */
export interface CompileResult {
  readonly compilerVersion: string | undefined;
  readonly models: readonly CompileOutput[];
}

/** A compiled model, as read back from its file, and what the compiler told of it. */
export interface CompileOutput extends NamedModel {
  readonly log: CompiledModel | undefined;
}

/** There is no compiler on this host; the hint says where it can run. */
export class CompilerMissingError extends MdtError {
  constructor(platform: string) {
    const hint =
      platform === 'linux x64'
        ? 'Install the package edgetpu-compiler, as coral.ai/docs/edgetpu/compiler says.'
        : `It exists for Linux on x86-64 only, and this is ${platform}: compile there, or in a container.`;
    super('io', 'COMPILER_MISSING', `${COMPILER} is not installed on this host.`, { hint, facts: { platform } });
  }
}

/** The compiler ran and did not compile; `facts.output` is all that it printed. */
export class CompileFailedError extends MdtError {
  constructor(message: string, hint: string, output: string) {
    super('refused', 'COMPILE_FAILED', message, { hint, facts: { output } });
  }
}

/**
 * Compiles models for the Edge TPU with the compiler that is installed on this host, and reads back what it made.
 * @throws FileError or ModelFormatError for a file that is no model, UsageError for one that is compiled already
 * @throws CompilerMissingError, CompileFailedError, TimeoutError, AbortedError
 */
export async function compileModels(request: CompileRequest, operation: LongOperation = {}): Promise<CompileResult> {
  const { files, outputDir, timeoutMs = DEFAULT_TIMEOUT_MS } = request;
  const outputs = files.map(file => outputFileOf(file, outputDir));
  if (new Set(outputs).size < outputs.length) throw clash();
  for (const file of files) await checkInput(file);
  if (outputDir !== undefined) await checkFolder(outputDir);
  const ran = await runProgram(COMPILER, argumentsOf(request), {
    operation: 'compiling',
    timeoutMs,
    variables: request.variables,
    signal: operation.signal,
  });
  if (ran === undefined) throw new CompilerMissingError(`${process.platform} ${process.arch}`);
  const log = parseCompilerLog(ran.output);
  if (ran.exitCode !== 0 || !log.succeeded) throw failure(log, ran.output);
  const models: CompileOutput[] = [];
  for (const [index, file] of outputs.entries()) {
    models.push({ file, model: await readModelFile(file), log: log.models[index] });
  }
  return { compilerVersion: log.compilerVersion, models };
}

/** Where the compiler puts its result. */
export function outputFileOf(file: string, outputDir = ''): string {
  return join(outputDir, `${basename(file, extname(file))}_edgetpu.tflite`);
}

async function checkInput(file: string): Promise<void> {
  const { edgeTpu } = await readModelFile(file);
  if (edgeTpu === undefined) return;
  throw new UsageError(`${safeText(file)} is compiled for the Edge TPU already.`, {
    hint: 'Give the model that it was compiled from.',
  });
}

async function checkFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  throw new FileError(`There is no folder ${safeText(folder)}.`, { hint: 'Make it first, or name another.' });
}

function clash(): UsageError {
  return new UsageError('Two of the models have the same name, and so would have their results.', {
    hint: 'Rename one, or compile them one by one.',
  });
}

function argumentsOf({ files, outputDir, minRuntimeVersion }: CompileRequest): string[] {
  return [
    '--show_operations',
    ...(outputDir === undefined ? [] : ['--out_dir', asPath(outputDir)]),
    ...(minRuntimeVersion === undefined ? [] : ['--min_runtime_version', String(minRuntimeVersion)]),
    ...files.map(asPath),
  ];
}

/** A name that starts with a dash is no option. */
function asPath(path: string): string {
  return isAbsolute(path) || !path.startsWith('-') ? path : `./${path}`;
}

function failure(log: CompilerLog, output: string): CompileFailedError {
  const said = log.complaints.join(' ');
  const words = said === '' ? 'It did not say why.' : safeText(said, 1024);
  return new CompileFailedError(`The Edge TPU compiler did not compile: ${words}`, hintFor(said), output);
}

function hintFor(said: string): string {
  if (said.includes('Model not quantized')) return 'Convert the model with full integer quantization first.';
  if (said.includes('dynamic-sized')) return 'Give every tensor of the model a fixed size, the batch too.';
  if (said.includes('custom op')) return 'Take that operator out of the model; the compiler does not know it.';
  return 'See coral.ai/docs/edgetpu/models-intro for what the Edge TPU takes.';
}
