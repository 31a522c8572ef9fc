import { Table } from './flatbuffer.js';
import { bytesInMap } from './flexbuffer.js';
import type { Span } from './span.js';

// The Edge TPU compiler puts everything that it maps into operators of this name. Their options are a FlexBuffer map
// whose key "4" is a package (libedgetpu, tflite/custom_op_data.cc), a FlatBuffer of executable/executable.fbs:
export const EDGETPU_OPERATOR = 'edgetpu-custom-op';
const KEY_PACKAGE = '4';
const PACKAGE = { identifier: 'DWN1', minRuntimeVersion: 0, multiExecutable: 1, compilerVersion: 4 } as const;
const MULTI_EXECUTABLE = { executables: 0 } as const;
const EXECUTABLE = { scratchBytes: 4, instructions: 5, parameters: 6, chip: 10, type: 13, cachingToken: 14 } as const;
const INSTRUCTIONS = { bitstream: 0 } as const;
const EXECUTABLE_TYPES = ['stand-alone', 'parameter-caching', 'execution-only'] as const;

/** Kinds of executable in an Edge TPU package. */
export type ExecutableType = (typeof EXECUTABLE_TYPES)[number];

/** One program for the chip. */
export interface EdgeTpuExecutable {
  /** A parameter-caching one uploads parameters once, an execution-only one then runs with them, a stand-alone one does both. */
  readonly type: ExecutableType;
  readonly chip: string;
  readonly parameterBytes: number;
  readonly instructionBytes: number;
  readonly scratchBytes: number;
  /** Unsigned 64-bit number in decimal; undefined where there is none. */
  readonly cachingToken: string | undefined;
}

/** What one `edgetpu-custom-op` of a model carries. */
export interface EdgeTpuPackage {
  /** Oldest Edge TPU runtime (not TensorFlow Lite) that can run it, such as 13. */
  readonly minRuntimeVersion: number;
  /** Change list that the compiler was built from, such as `cl/343520747`; older compilers do not tell. */
  readonly compilerVersion: string | undefined;
  /** Parameters that stay in the chip's memory between inferences. */
  readonly onChipBytes: number;
  /** Parameters that the host sends at every inference. */
  readonly streamedBytes: number;
  readonly executables: readonly EdgeTpuExecutable[];
}

/** Reads the package from the custom options of an Edge TPU operator. @throws ModelFormatError if it is damaged */
export function readEdgeTpuPackage(customOptions: Span): EdgeTpuPackage {
  const bytes = bytesInMap(customOptions, KEY_PACKAGE);
  if (bytes === undefined) return customOptions.fail('an Edge TPU operator carries no program', 0);
  if (!bytes.holds(PACKAGE.identifier, 4)) bytes.fail('the program of an Edge TPU operator is of an unknown kind', 4);
  const table = Table.root(bytes);
  const multiExecutable = table.bytes(PACKAGE.multiExecutable);
  if (multiExecutable === undefined) return table.fail('the program of an Edge TPU operator is empty');
  const executables = Table.root(multiExecutable).byteLists(MULTI_EXECUTABLE.executables).map(readExecutable);
  if (executables.length === 0) table.fail('the program of an Edge TPU operator is empty');
  const parametersOf = (cached: boolean): number =>
    executables
      .filter(({ type }) => (type === 'parameter-caching') === cached)
      .reduce((sum, { parameterBytes }) => sum + parameterBytes, 0);
  return {
    minRuntimeVersion: table.int32(PACKAGE.minRuntimeVersion),
    compilerVersion: compilerVersion(table.text(PACKAGE.compilerVersion)),
    onChipBytes: parametersOf(true),
    streamedBytes: parametersOf(false),
    executables,
  };
}

function readExecutable(bytes: Span): EdgeTpuExecutable {
  const table = Table.root(bytes);
  const type = EXECUTABLE_TYPES[table.int16(EXECUTABLE.type)];
  const scratchBytes = table.int32(EXECUTABLE.scratchBytes);
  if (type === undefined || scratchBytes < 0) return table.fail('a program for the Edge TPU is of an unknown kind');
  const token = table.uint64(EXECUTABLE.cachingToken);
  return {
    type,
    chip: table.text(EXECUTABLE.chip) ?? '',
    parameterBytes: table.count(EXECUTABLE.parameters, 1),
    instructionBytes: table
      .tables(EXECUTABLE.instructions)
      .reduce((sum, chunk) => sum + chunk.count(INSTRUCTIONS.bitstream, 1), 0),
    scratchBytes,
    cachingToken: token === 0n ? undefined : token.toString(),
  };
}

/** Some compilers write `cl/` and no number. */
function compilerVersion(text: string | undefined): string | undefined {
  return text === undefined || text === '' || text === 'cl/' ? undefined : text;
}
