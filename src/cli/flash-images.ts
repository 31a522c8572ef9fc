import { UsageError } from '../errors.js';
import type { ImageSet } from '../flash/image-set.js';
import type { Cli } from './cli.js';
import type { FlashWords } from './flash-options.js';
import type { ProgressView } from './output/progress.js';

/** Opens and checks what the words of the command mean to be flashed; the caller disposes it. */
export async function imagesOf(cli: Cli, words: FlashWords, progress: ProgressView): Promise<ImageSet> {
  const { openImageSet } = await import('../flash/image-set.js');
  const { partition: partitions } = words.options;
  const path = words.image ?? (await pathWithoutWord(cli, words));
  const set = await openImageSet({ path, partitions }, { signal: cli.io.signal, onProgress: progress.onProgress });
  progress[Symbol.dispose]();
  return set;
}

/** Where no image is named: what was interrupted, nothing beside the partitions that are named, or what is in this folder. */
async function pathWithoutWord(cli: Cli, { options }: FlashWords): Promise<string | undefined> {
  if (options.resume) return await interruptedImages(cli);
  if (options.partition !== undefined) return undefined;
  const { findImage } = await import('../flash/find-image.js');
  const path = await findImage('.');
  cli.printer.note(`Flashing ${path}.`);
  return path;
}

async function interruptedImages(cli: Cli): Promise<string | undefined> {
  const { unfinishedFlashes } = await import('../flash/journal.js');
  const { journalFolder } = await import('../flash/prepare-flash.js');
  const records = await unfinishedFlashes(journalFolder(cli.host));
  const [images, ...others] = new Set(records.map(record => record.images));
  if (images === undefined) throw new UsageError('No flash was interrupted.', { hint: 'Leave --resume out.' });
  if (others.length > 0) {
    throw new UsageError('Flashes of several images were interrupted.', {
      hint: `Say which to go on with: ${[images, ...others].join(', ')}.`,
    });
  }
  return images === '' ? undefined : images;
}
