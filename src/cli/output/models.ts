// The shapes in which models are shown: a table each, lines for scripts, JSON.
import { safeText } from '../../device/board-text.js';
import type { CompiledModel } from '../../tflite/compiler-log.js';
import type { OperatorCount, TensorInfo, TfliteModel } from '../../tflite/model.js';
import type { ModelWarning, NamedModel } from '../../tflite/warnings.js';
import type { Cli } from '../cli.js';
import { formatMemory } from './amounts.js';
import { renderTable } from './table.js';

type ShownModel = NamedModel & { readonly log?: CompiledModel | undefined };
type Property = readonly [label: string, value: string];

/** A table for each model on a terminal, else lines. */
export function printModels({ printer }: Pick<Cli, 'printer'>, models: readonly ShownModel[]): void {
  for (const [index, shown] of models.entries()) {
    if (printer.interactive && index > 0) printer.line();
    const lines = printer.interactive ? modelTable(shown, text => printer.onStdout('bold', text)) : modelLines(shown);
    for (const line of lines) printer.line(line);
  }
}

/** The name of the file, then a line for each property, and for what a compiler told of it. */
function modelTable({ file, model, log }: ShownModel, emphasise: (text: string) => string): string[] {
  const rows = [...properties(model, formatMemory), ...logProperties(log, formatMemory)].map(([label, value]) => [
    `  ${label}`,
    value,
  ]);
  return [emphasise(safeText(file)), ...renderTable(['', ''], rows).slice(1)];
}

/** `FILE<TAB>PROPERTY<TAB>VALUE`, memory in bytes; for inputs and outputs one line each. */
function modelLines({ file, model, log }: ShownModel): string[] {
  return [...properties(model, String), ...logProperties(log, String)].map(
    ([label, value]) => `${safeText(file)}\t${label}\t${value}`,
  );
}

function properties(model: TfliteModel, size: (sizeBytes: number) => string): Property[] {
  const metadata = model.metadata.map(({ name, text, sizeBytes }) => `${name} ${text ?? size(sizeBytes)}`);
  return [
    ['size', size(model.sizeBytes)],
    ...optional('description', model.description),
    ...edgeTpuProperties(model, size),
    ...model.inputs.map((tensor): Property => ['input', describeTensor(tensor)]),
    ...model.outputs.map((tensor): Property => ['output', describeTensor(tensor)]),
    ['operators', describeOperators(model.operators)],
    ['quantization', model.quantization],
    ...optional('metadata', metadata.join(', ')),
  ];
}

function edgeTpuProperties({ edgeTpu }: TfliteModel, size: (sizeBytes: number) => string): Property[] {
  if (edgeTpu === undefined) return [['compiled for', 'CPU']];
  return [
    ['compiled for', `Edge TPU (${edgeTpu.chip})`],
    ['compiler', edgeTpu.compilerVersion ?? 'unknown'],
    ['min runtime', String(edgeTpu.minRuntimeVersion)],
    ['on-chip', size(edgeTpu.onChipBytes)],
    ['streamed', size(edgeTpu.streamedBytes)],
    ['scratch', size(edgeTpu.scratchBytes)],
    ['caching token', edgeTpu.cachingTokens.join(', ') || 'none'],
    ['on the CPU', describeOperators(edgeTpu.cpuOperators)],
  ];
}

function logProperties(log: CompiledModel | undefined, size: (sizeBytes: number) => string): Property[] {
  if (log === undefined) return [];
  const left = log.operators.filter(({ mapped }) => !mapped);
  return [
    ...optional('on-chip left', log.onChipRemainingBytes === undefined ? undefined : size(log.onChipRemainingBytes)),
    ['mapped', describeOperators(log.operators.filter(({ mapped }) => mapped))],
    ...left.map((operator): Property => ['not mapped', `${describeOperators([operator])}: ${operator.status}`]),
  ];
}

/** `input uint8 [1, 224, 224, 3] = 0.0078125 * (q - 128)`. */
function describeTensor({ name, type, shape, quantization }: TensorInfo): string {
  const words = [...(name === '' ? [] : [name]), type, `[${shape.join(', ')}]`];
  if (quantization === undefined) return words.join(' ');
  const { scale, zeroPoint } = quantization;
  const difference = `(q ${zeroPoint < 0 ? '+' : '-'} ${String(Math.abs(zeroPoint))})`;
  return `${words.join(' ')} = ${String(Number(scale.toPrecision(7)))} * ${zeroPoint === 0 ? 'q' : difference}`;
}

/** `CONV_2D 15, SOFTMAX 1`, or `none`. */
export function describeOperators(operators: readonly Pick<OperatorCount, 'name' | 'count'>[]): string {
  return operators.map(({ name, count }) => `${name} ${String(count)}`).join(', ') || 'none';
}

function optional(label: string, value: string | undefined): Property[] {
  return value === undefined || value === '' ? [] : [[label, value]];
}

/**
 * Schema of `mdt model info --json`; fields are added, never changed. A model is a TfliteModel with its file, a warning
 * is a ModelWarning; what they do not have is null. Sizes are in bytes, caching tokens decimal text, as they do not fit
 * a number of JSON. `mdt model compile --json` has `compilerVersion` besides, and in each model `log`, a CompiledModel.
 */
export interface ModelsJson {
  readonly models: readonly unknown[];
  readonly warnings: readonly unknown[];
}

export function modelsJson(models: readonly ShownModel[], warnings: readonly ModelWarning[]): ModelsJson {
  return {
    models: models.map(({ file, model, ...more }) => withNulls({ file, ...model, ...more })),
    warnings: warnings.map(withNulls),
  };
}

/** The same with null for undefined, so that every field is there. */
function withNulls(value: unknown): unknown {
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(withNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, content]) => [key, withNulls(content)]));
}
