import { safeText } from '../../device/board-text.js';
import type { ModelWarning } from '../../tflite/warnings.js';
import type { Cli } from '../cli.js';
import { formatMemory } from './amounts.js';
import { describeOperators } from './models.js';

/** Each warning on stderr, with what to do about it. */
export function printModelWarnings({ printer }: Pick<Cli, 'printer'>, warnings: readonly ModelWarning[]): void {
  for (const warning of warnings) {
    const { text, hint } = describeWarning(warning);
    if (warning.kind === 'co-compiled') printer.note(text);
    else printer.warn(text);
    if (hint !== undefined) printer.hint(hint);
  }
}

/** A sentence, and one of what to do next where there is something to do. */
export function describeWarning(warning: ModelWarning): { readonly text: string; readonly hint?: string } {
  const file = 'file' in warning ? safeText(warning.file) : '';
  switch (warning.kind) {
    case 'not-compiled':
      return {
        text: `${file} is not compiled for the Edge TPU and will run on the CPU.`,
        hint: 'See `mdt model compile`.',
      };
    case 'not-quantized':
      return {
        text: `${file} is ${warning.quantization === 'none' ? 'not' : 'not fully'} quantized to 8 bits, which the Edge TPU needs.`,
        hint: 'Convert it with full integer quantization first.',
      };
    case 'float-input':
      return {
        text: `${file} takes floating-point input, which is converted on the CPU at every inference: ${names(warning.inputs)}.`,
        hint: 'Convert it with uint8 or int8 as inference_input_type.',
      };
    case 'cpu-operators':
      return { text: `Some operators of ${file} run on the CPU: ${describeOperators(warning.operators)}.` };
    case 'streamed-parameters':
      return {
        text:
          `${file} sends ${formatMemory(warning.streamedBytes)} of parameters to the Edge TPU at every inference; ` +
          `${formatMemory(warning.onChipBytes)} stay there.`,
      };
    case 'newer-runtime':
      return {
        text: `${file} needs Edge TPU runtime ${String(warning.needed)}, and there is ${String(warning.available)}.`,
        hint: `Update libedgetpu1-std, or compile it with --min-runtime ${String(warning.available)}.`,
      };
    case 'cache-eviction':
      return {
        text: `Used in turn on one Edge TPU, these evict each other's parameters: ${warning.groups.map(names).join('; ')}.`,
        hint: 'Compile them together, or give each its own Edge TPU.',
      };
    case 'co-compiled':
      return { text: `These were compiled together and share the memory of the Edge TPU: ${names(warning.files)}.` };
  }
}

function names(all: readonly string[]): string {
  return all.map(name => safeText(name)).join(', ');
}
