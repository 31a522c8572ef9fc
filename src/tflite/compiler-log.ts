import { safeText } from '../device/board-text.js';

// What `edgetpu_compiler -s` prints, as users have reported it of versions 2.0 to 16.0:
//
//   Edge TPU Compiler version 16.0.384591198
//   Model compiled successfully in 3129 ms.
//
//   Input model: m.tflite                                    ┐
//   Input size: 4.35MiB                                      │
//   Output model: m_edgetpu.tflite                           │
//   Output size: 5.66MiB                                     │
//   On-chip memory used for caching model parameters: 4.49MiB│
//   On-chip memory remaining for caching model parameters: … │ once for each model
//   Off-chip memory used for streaming uncached model par…   │
//   Number of Edge TPU subgraphs: 1                          │
//   Total number of operations: 267                          │
//   Operation log: m_edgetpu.log                             │
//                                                            │
//   Operator                       Count      Status         │
//   ADD                            42         Mapped to Edge TPU
//   DEQUANTIZE                     2          Operation is working on an unsupported data type
//   Compilation succeeded!
//
// The .log file that it writes has `Input:`, `Output:` and the table only. Failures are `Compilation failed!`, with lines
// of `ERROR: …` and `Compilation failed: …` before it, `Internal compiler error. Aborting!`, and of a model that is not
// quantized `Invalid model: m.tflite`, then `Model not quantized`.

export interface CompilerLog {
  /** Such as `16.0.384591198`. */
  readonly compilerVersion: string | undefined;
  readonly models: readonly CompiledModel[];
  /** The compiler says that it has compiled; a .log file does not tell. */
  readonly succeeded: boolean;
  /** What the compiler says against it, one sentence each; empty where it has said nothing of the kind. */
  readonly complaints: readonly string[];
}

/** One model of a log. The compiler rounds sizes to two decimals of their unit; what it does not tell is undefined. */
export interface CompiledModel {
  readonly inputFile: string;
  readonly outputFile: string | undefined;
  readonly onChipBytes: number | undefined;
  readonly onChipRemainingBytes: number | undefined;
  readonly streamedBytes: number | undefined;
  /** Parts that run on the Edge TPU without the CPU between. */
  readonly edgeTpuGraphCount: number | undefined;
  readonly operatorCount: number | undefined;
  readonly operators: readonly OperatorMapping[];
}

/** Where the compiler put the operators of one kind, and why. */
export interface OperatorMapping {
  readonly name: string;
  readonly count: number;
  readonly mapped: boolean;
  /** Why not, in the compiler's words; or `Mapped to Edge TPU`. */
  readonly status: string;
}

const MAPPED = 'Mapped to Edge TPU';
const MAX_LINES = 20_000;
const COMPLAINT =
  /^(?:ERROR: .+|Invalid model: .+|Model not quantized|Compilation failed.*|Internal compiler error.*)$/;
const OPERATOR = /^([A-Za-z][\w-]*)\s+(\d{1,9})\s+(\S.*)$/;

/** The labels whose values are kept, by the field they go to. */
const LABELS: Readonly<Partial<Record<string, Exclude<keyof CompiledModel, 'inputFile' | 'operators'>>>> = {
  'Output model': 'outputFile',
  Output: 'outputFile',
  'On-chip memory used for caching model parameters': 'onChipBytes',
  'On-chip memory remaining for caching model parameters': 'onChipRemainingBytes',
  'Off-chip memory used for streaming uncached model parameters': 'streamedBytes',
  'Number of Edge TPU subgraphs': 'edgeTpuGraphCount',
  'Total number of operations': 'operatorCount',
};

type Draft = { -readonly [Field in Exclude<keyof CompiledModel, 'operators'>]: CompiledModel[Field] } & {
  readonly operators: OperatorMapping[];
};

/** Reads what the compiler printed, or the .log file it wrote. Lines that it does not know are skipped. */
export function parseCompilerLog(text: string): CompilerLog {
  let compilerVersion: string | undefined;
  const models: Draft[] = [];
  const complaints = new Set<string>();
  let succeeded = false;
  for (const raw of text.split(/\r?\n/, MAX_LINES)) {
    const line = safeText(raw.trim(), 4096);
    const [, version] = /^Edge TPU Compiler version (\S+)$/.exec(line) ?? [];
    const [, inputFile] = /^Input(?: model)?: (.+)$/.exec(line) ?? [];
    const last = models.at(-1);
    if (version !== undefined) compilerVersion = version;
    else if (/^Models? compiled successfully in /.test(line)) succeeded = true;
    else if (inputFile !== undefined) models.push(emptyModel(inputFile));
    else if (COMPLAINT.test(line)) complaints.add(line);
    else if (last !== undefined) takeLine(last, line);
  }
  return { compilerVersion, models, succeeded, complaints: [...complaints] };
}

function emptyModel(inputFile: string): Draft {
  return {
    inputFile,
    outputFile: undefined,
    onChipBytes: undefined,
    onChipRemainingBytes: undefined,
    streamedBytes: undefined,
    edgeTpuGraphCount: undefined,
    operatorCount: undefined,
    operators: [],
  };
}

function takeLine(model: Draft, line: string): void {
  const [, name = '', count = '', status = ''] = OPERATOR.exec(line) ?? [];
  if (name !== '') model.operators.push({ name, count: Number(count), mapped: status === MAPPED, status });
  const [, label = '', value = ''] = /^([^:]+): (.+)$/.exec(line) ?? [];
  const field = LABELS[label];
  if (field === 'outputFile') model.outputFile = value;
  else if (field !== undefined) model[field] = parseAmount(value);
}

/** `4.49MiB` in bytes, `267` as it is. */
function parseAmount(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d{1,12}(?:\.\d{1,6})?)(B|KiB|MiB|GiB)?$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  const power = Math.max(['B', 'KiB', 'MiB', 'GiB'].indexOf(unit), 0);
  return Math.round(Number(number) * 1024 ** power);
}
