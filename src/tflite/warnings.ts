import type { OperatorCount, TfliteModel } from './model.js';

/** A model and the file that it was read from. */
export interface NamedModel {
  /** File, as the user named it. */
  readonly file: string;
  readonly model: TfliteModel;
}

/** What somebody who wants these models on an Edge TPU should know; each kind carries its facts. */
export type ModelWarning =
  | { readonly kind: 'not-compiled'; readonly file: string }
  | { readonly kind: 'not-quantized'; readonly file: string; readonly quantization: 'partial' | 'none' }
  | { readonly kind: 'float-input'; readonly file: string; readonly inputs: readonly string[] }
  | { readonly kind: 'cpu-operators'; readonly file: string; readonly operators: readonly OperatorCount[] }
  | {
      readonly kind: 'streamed-parameters';
      readonly file: string;
      readonly streamedBytes: number;
      readonly onChipBytes: number;
    }
  | { readonly kind: 'newer-runtime'; readonly file: string; readonly needed: number; readonly available: number }
  /** Each inference after one of another group uploads parameters again; models of one group share the cache. */
  | { readonly kind: 'cache-eviction'; readonly groups: readonly (readonly string[])[] }
  /** No warning but good news: these models were compiled together and share the cache. */
  | { readonly kind: 'co-compiled'; readonly files: readonly string[] };

/** What the warnings about models take into account. */
export interface WarningOptions {
  /** Edge TPU runtime that is to run the models, such as 13. */
  readonly runtimeVersion?: number | undefined;
}

/** All warnings about these models: first of each, then of the set as it would share one Edge TPU. */
export function warningsOf(models: readonly NamedModel[], options: WarningOptions = {}): ModelWarning[] {
  return [...models.flatMap(named => warningsOfOne(named, options)), ...warningsOfSet(models)];
}

function warningsOfOne({ file, model }: NamedModel, { runtimeVersion }: WarningOptions): ModelWarning[] {
  const { edgeTpu, quantization } = model;
  const warnings: ModelWarning[] = [];
  const floats = model.inputs.filter(({ type }) => type.startsWith('float'));
  if (edgeTpu === undefined) warnings.push({ kind: 'not-compiled', file });
  if (edgeTpu === undefined && quantization !== 'full') warnings.push({ kind: 'not-quantized', file, quantization });
  if (floats.length > 0) warnings.push({ kind: 'float-input', file, inputs: floats.map(({ name }) => name) });
  if (edgeTpu === undefined) return warnings;
  const { cpuOperators: operators, streamedBytes, onChipBytes, minRuntimeVersion: needed } = edgeTpu;
  if (operators.length > 0) warnings.push({ kind: 'cpu-operators', file, operators });
  if (streamedBytes > 0) warnings.push({ kind: 'streamed-parameters', file, streamedBytes, onChipBytes });
  if (runtimeVersion !== undefined && needed > runtimeVersion) {
    warnings.push({ kind: 'newer-runtime', file, needed, available: runtimeVersion });
  }
  return warnings;
}

/**
 * The runtime (libedgetpu, driver/driver.cc) empties the parameter cache whenever a package runs whose token is another
 * than that of the cached ones, or none. That costs time only where there are parameters to upload again.
 */
function warningsOfSet(models: readonly NamedModel[]): ModelWarning[] {
  const groups = new Map<string, Set<string>>();
  let cached = false;
  for (const { file, model } of models) {
    for (const [index, { executables, onChipBytes }] of (model.edgeTpu?.packages ?? []).entries()) {
      const token = executables.find(({ cachingToken }) => cachingToken !== undefined)?.cachingToken;
      const group = token ?? `none: ${String(index)} of ${file}`;
      groups.set(group, (groups.get(group) ?? new Set()).add(file));
      cached ||= onChipBytes > 0;
    }
  }
  const sets = [...groups.values()].map(files => [...files]);
  const together = sets.filter(({ length }) => length > 1);
  return [
    ...(sets.length > 1 && cached ? [{ kind: 'cache-eviction', groups: sets } as const] : []),
    ...together.map(files => ({ kind: 'co-compiled', files }) as const),
  ];
}
