import type { LongOperation } from '../../time/progress.js';
import type { Channel } from '../channel.js';
import { commandFor } from '../command.js';
import type { BoardMessage, ExchangeOptions } from '../exchange.js';
import type { Image } from '../image/image.js';
import { prepareImage, type PreparedImage } from '../image/prepare.js';
import type { FastbootTimeouts } from '../timeouts.js';
import { parseDownloadLimit, parsePartitionSize } from '../variables.js';
import { download } from './download.js';
import { findVariable } from './getvar.js';

/** What is written to which partition. */
export interface FlashRequest {
  readonly partition: string;
  readonly image: Image;
  /** Called before the board is told to write: until then nothing on it has changed. */
  readonly onWriting?: (() => void) | undefined;
}

/** What was sent and written, for reports. */
export type FlashSummary = Omit<PreparedImage, 'payloads'>;

export interface FlashOptions extends LongOperation {
  readonly timeouts: FastbootTimeouts;
  readonly onMessage?: ((message: BoardMessage) => void) | undefined;
}

/** Writes an image to a partition, after the image and the place for it have been checked as far as the board tells. */
export async function flash(channel: Channel, request: FlashRequest, options: FlashOptions): Promise<FlashSummary> {
  const task = `flash ${request.partition}`;
  const command = commandFor('flash', request.partition);
  const { payloads, ...summary } = await prepare(channel, request, options);
  const { sentBytes: total, payloadCount } = summary;
  let [done, index] = [0, 0];
  options.onProgress?.({ kind: 'started', task, unit: 'bytes', total });
  try {
    for await (const payload of payloads()) {
      index += 1;
      const piece = payloadCount === 1 ? '' : ` piece ${String(index)} of ${String(payloadCount)}`;
      const report = (verb: 'sending' | 'writing'): void => {
        const state = { detail: `${verb}${piece}`, isWaiting: verb === 'writing' };
        options.onProgress?.({ kind: 'progress', task, unit: 'bytes', done, total, ...state });
      };
      report('sending');
      await download(channel, payload, {
        ...exchangeOptions(options, options.timeouts.responseMs),
        dataTimeoutMs: options.timeouts.dataMs,
        onSent: sentBytes => {
          done += sentBytes;
          report('sending');
        },
      });
      report('writing');
      request.onWriting?.();
      await channel.command(command, exchangeOptions(options, options.timeouts.flashMs));
    }
  } catch (error) {
    options.onProgress?.({ kind: 'failed', task, error });
    throw error;
  }
  options.onProgress?.({ kind: 'finished', task, unit: 'bytes', done });
  return summary;
}

/** Asks the board what it takes and how large the partition is, and holds the image against it. */
async function prepare(channel: Channel, request: FlashRequest, options: FlashOptions): Promise<PreparedImage> {
  const asking = exchangeOptions(options, options.timeouts.responseMs);
  const limitBytes = parseDownloadLimit(await findVariable(channel, 'max-download-size', asking));
  const partitionSize = await findVariable(channel, `partition-size:${request.partition}`, asking);
  return await prepareImage(request.image, {
    partition: request.partition,
    partitionBytes: parsePartitionSize(partitionSize),
    limitBytes,
    signal: options.signal,
  });
}

function exchangeOptions({ signal, onMessage }: FlashOptions, timeoutMs: number): ExchangeOptions {
  return { timeoutMs, signal, onMessage };
}
