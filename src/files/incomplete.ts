import { FileError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import type { MissingFile, TransferSummary } from './transfer.js';

const MAX_NAMED = 3;

/** A transfer whose other files are in place: `missing` lists what is not, `summary` what was done. */
export class IncompleteTransferError extends FileError {
  readonly missing: readonly MissingFile[];
  readonly summary: TransferSummary;

  constructor(task: 'push' | 'pull', missing: readonly MissingFile[], summary: TransferSummary) {
    const count = missing.length;
    const named = missing.slice(0, MAX_NAMED).map(({ path, reason }) => `${safeText(path)} (${safeText(reason)})`);
    const more = count > MAX_NAMED ? `, and ${String(count - MAX_NAMED)} more` : '';
    const all = count + summary.files + summary.unchanged;
    const verb = count === 1 ? 'was' : 'were';
    super(`${String(count)} of ${String(all)} files ${verb} not ${task}ed: ${named.join(', ')}${more}.`, {
      facts: { missing, summary, reason: 'incomplete' },
      hint: 'All else is in place; leave these out with --exclude, or copy them on the board with `mdt exec sudo cp`.',
    });
    this.missing = missing;
    this.summary = summary;
  }
}
