// Advice that goes beside a result; advice that belongs to an error travels with the error.
import type { Printer } from './printer.js';

export function hintNoBoards(printer: Printer): void {
  printer.note('No boards were found.');
  printer.hint(
    'A board needs a minute to boot, and a USB cable that carries data; `mdt devices --watch` waits for it.',
  );
}
