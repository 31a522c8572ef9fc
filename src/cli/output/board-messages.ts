import type { BoardMessage } from '../../fastboot/exchange.js';
import type { Printer } from './printer.js';

/** Prints beside the result: INFO as lines, TEXT as it stands, which may be part of a line. */
export function messagePrinter(printer: Printer): (message: BoardMessage) => void {
  let isInLine = false;
  return ({ kind, text }) => {
    if (kind === 'info') printer.note(`${isInLine ? '\n' : ''}(bootloader) ${text}`);
    else printer.noteText(text);
    if (kind === 'info' || text !== '') isInLine = kind === 'text' && !text.endsWith('\n');
  };
}
