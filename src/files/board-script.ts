import { FileError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { quoteWord, quoteWords } from '../ssh/quote.js';
import { isText } from './names.js';

/**
 * A shell script as one command: whatever the login shell is, `sh` runs it, with `args` as its positional parameters.
 * The script is constant text; nothing from outside is ever spliced into it.
 */
export function scriptCommand(script: string, args: readonly (string | number)[]): string {
  const words = args.map(String);
  for (const word of words) {
    if (!isText(word) || word.includes('\0')) {
      throw new FileError(`${safeText(word)} has a name that cannot be written in a command.`, {
        facts: { path: word },
        hint: 'Rename it, or transfer the folder that it is in.',
      });
    }
  }
  return `exec sh -c ${quoteWord(script)} mdt ${quoteWords(words)}`;
}
