import { UsageError } from '../errors.js';
import type { ImageSet, ImageSetRequest } from '../flash/image-set.js';
import type { FlashRecord } from '../flash/journal.js';
import type { Cli } from './cli.js';
import type { FlashOptions, FlashWords } from './flash-options.js';
import type { ProgressView } from './output/progress.js';

/** Opens and checks what the words of the command mean to be flashed; the caller disposes it. */
export async function imagesOf(cli: Cli, words: FlashWords, progress: ProgressView): Promise<ImageSet> {
  const { openImageSet } = await import('../flash/image-set.js');
  const { partition: partitions } = words.options;
  const named = words.image === undefined ? await withoutWord(cli, words) : { path: words.image };
  const set = await openImageSet({ partitions, ...named }, { signal: cli.io.signal, onProgress: progress.onProgress });
  progress[Symbol.dispose]();
  return set;
}

/** Where no image is named: what was interrupted, nothing beside the partitions that are named, or what is in this folder. */
async function withoutWord(cli: Cli, { options }: FlashWords): Promise<ImageSetRequest> {
  if (options.resume) return await interruptedImages(cli, options);
  if (options.partition !== undefined) return {};
  const { findImage } = await import('../flash/find-image.js');
  const path = await findImage('.');
  cli.printer.note(`Flashing ${path}.`);
  return { path };
}

async function interruptedImages(cli: Cli, { partition }: FlashOptions): Promise<ImageSetRequest> {
  const { unfinishedFlashes } = await import('../flash/journal.js');
  const { journalFolder } = await import('../flash/prepare-flash.js');
  const records = await unfinishedFlashes(journalFolder(cli.host));
  const [first, ...others] = new Map(records.map(record => [namesOf(record).join('\n'), record])).values();
  if (first === undefined) throw new UsageError('No flash was interrupted.', { hint: 'Leave --resume out.' });
  if (others.length > 0) {
    throw new UsageError('Flashes of several images were interrupted.', {
      hint: `Say which to go on with: ${[first, ...others].map(record => namesOf(record).join(' ')).join(', ')}.`,
    });
  }
  const path = first.images === '' ? {} : { path: first.images };
  return { ...path, partitions: partition ?? new Map(Object.entries(first.partitions)) };
}

/** As the words of a command name them. */
function namesOf({ images, partitions }: FlashRecord): string[] {
  const named = Object.entries(partitions).filter(([, file]) => file !== images);
  const words = named.map(([partition, file]) => `--partition ${partition}=${file}`);
  return images === '' ? words : [images, ...words];
}
