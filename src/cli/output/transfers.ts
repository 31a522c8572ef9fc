import type { TransferSummary } from '../../files/transfer.js';
import { safeText } from '../../device/board-text.js';
import { formatBytes, formatDuration, plural } from './amounts.js';

export interface TransferWords {
  readonly done: 'Pushed' | 'Pulled';
  readonly planned: 'Would push' | 'Would pull';
}

export const PUSH_WORDS: TransferWords = { done: 'Pushed', planned: 'Would push' };
export const PULL_WORDS: TransferWords = { done: 'Pulled', planned: 'Would pull' };

/** One line: `Pushed 3 files, 1.2 MB, to /home/mendel/x in 0.8 s (1.5 MB/s); 2 unchanged.` */
export function transferLine(summary: TransferSummary, words: TransferWords, dryRun: boolean): string {
  const { files, directories, symlinks, bytes, resumedBytes, unchanged, skipped, elapsedMs, targets } = summary;
  const counts = [
    plural(files, 'file'),
    ...(symlinks > 0 ? [plural(symlinks, 'symlink')] : []),
    ...(files === 0 && directories > 0 ? [plural(directories, 'folder')] : []),
  ];
  const [target] = targets;
  const place = target !== undefined && targets.length === 1 ? ` to ${safeText(target)}` : '';
  const rate = elapsedMs > 0 ? ` (${formatBytes((bytes / elapsedMs) * 1000)}/s)` : '';
  const time = dryRun || bytes === 0 ? '' : ` in ${formatDuration(elapsedMs)}${rate}`;
  const rest = [
    ...(resumedBytes > 0 ? [`${formatBytes(resumedBytes)} were there from an earlier try`] : []),
    ...(unchanged > 0 ? [`${String(unchanged)} unchanged`] : []),
    ...(skipped.length > 0 ? [`${String(skipped.length)} left out`] : []),
  ];
  const verb = dryRun ? words.planned : words.done;
  return `${verb} ${[...counts, formatBytes(bytes)].join(', ')}${place}${time}${rest.length > 0 ? `; ${rest.join(', ')}` : ''}.`;
}

/** Schema of `--json` of push and pull; fields are added, never changed. */
export interface TransferJson {
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  readonly bytes: number;
  readonly resumedBytes: number;
  readonly unchanged: number;
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  readonly elapsedMs: number;
  readonly targets: readonly string[];
}

export function transferJson(summary: TransferSummary): TransferJson {
  const { files, directories, symlinks, bytes, resumedBytes, unchanged, skipped, elapsedMs, targets } = summary;
  return {
    files,
    directories,
    symlinks,
    bytes,
    resumedBytes,
    unchanged,
    skipped: skipped.map(({ path, reason }) => ({ path, reason })),
    elapsedMs: Math.round(elapsedMs),
    targets,
  };
}
