import { BoardRefusedError, ProtocolError } from '../../errors.js';
import type { Channel } from '../channel.js';
import { commandFor } from '../command.js';
import type { ExchangeOptions } from '../exchange.js';
import { parseDownloadLimit, parsePartitionSize } from '../variables.js';
import { findVariable } from './getvar.js';

export interface UploadOptions extends ExchangeOptions {
  /** Longest time for the next packet of data to come. */
  readonly dataTimeoutMs: number;
}

/** Takes what the board sends, in order; `chunk` is the receiver's to keep. */
export type Sink = (chunk: Buffer) => Promise<void> | void;

const RECEIVE_BYTES = 1024 * 1024;

/** Gets what the last command staged on the board. Resolves with its length in bytes. */
export async function upload(channel: Channel, sink: Sink, options: UploadOptions): Promise<number> {
  return await receive(channel, { command: 'upload', sink }, options);
}

/**
 * Reads a partition back, in as many commands as the board's `max-fetch-size` asks for. Only boards whose bootloader
 * offers `fetch` have that variable. Resolves with the length in bytes.
 * @throws BoardRefusedError if this board does not offer it
 */
export async function fetch(
  channel: Channel,
  request: { readonly partition: string; readonly sink: Sink },
  options: UploadOptions,
): Promise<number> {
  const { partition, sink } = request;
  const base = commandFor('fetch', partition);
  const limitBytes = parseDownloadLimit(await findVariable(channel, 'max-fetch-size', options));
  const sizeBytes = parsePartitionSize(await findVariable(channel, `partition-size:${partition}`, options));
  if (limitBytes === undefined || sizeBytes === undefined) {
    throw new BoardRefusedError(`The board does not offer to read ${partition} back.`, {
      hint: 'Few bootloaders do; read the partition from the running system instead.',
      facts: { limitBytes, sizeBytes },
    });
  }
  for (let offset = 0; offset < sizeBytes; offset += limitBytes) {
    const wantedBytes = Math.min(limitBytes, sizeBytes - offset);
    await receive(channel, { command: `${base}:${hex(offset)}:${hex(wantedBytes)}`, sink, wantedBytes }, options);
  }
  return sizeBytes;
}

interface Reception {
  readonly command: string;
  readonly sink: Sink;
  /** What the board has to announce; undefined takes whatever it has. */
  readonly wantedBytes?: number;
}

async function receive(channel: Channel, reception: Reception, options: UploadOptions): Promise<number> {
  const { command, sink, wantedBytes } = reception;
  return await channel.exchange(command, options, async exchange => {
    const sizeBytes = await exchange.data();
    if (sizeBytes > 0xffff_ffff || sizeBytes !== (wantedBytes ?? sizeBytes)) {
      throw new ProtocolError('The board announces another number of bytes than it was asked for.', {
        facts: { command, sizeBytes, wantedBytes },
      });
    }
    for (let left = sizeBytes; left > 0;) {
      const chunk = await exchange.receiveData(Math.min(left, RECEIVE_BYTES), options.dataTimeoutMs);
      await sink(chunk);
      left -= chunk.length;
    }
    await exchange.okay();
    return sizeBytes;
  });
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
