import { ProtocolError, UsageError } from '../../errors.js';
import type { Channel } from '../channel.js';
import type { ExchangeOptions } from '../exchange.js';
import type { Payload } from '../payload.js';

export interface DownloadOptions extends ExchangeOptions {
  /** Longest time for one packet of data to leave. */
  readonly dataTimeoutMs: number;
  /** Called after each packet with its length. */
  readonly onSent?: ((sentBytes: number) => void) | undefined;
}

/** Puts data into the memory of the board, for the `flash` or `boot` that follows. */
export async function download(channel: Channel, payload: Payload, options: DownloadOptions): Promise<void> {
  const { sizeBytes } = payload;
  if (sizeBytes < 1 || sizeBytes > 0xffff_ffff) {
    throw new UsageError(`One download cannot be of ${String(sizeBytes)} bytes.`, { facts: { sizeBytes } });
  }
  const command = `download:${sizeBytes.toString(16).padStart(8, '0')}`;
  await channel.exchange(command, options, async exchange => {
    const acceptedBytes = await exchange.data();
    if (acceptedBytes !== sizeBytes) {
      throw new ProtocolError('The board wants another number of bytes than it was offered.', {
        facts: { command, sizeBytes, acceptedBytes },
      });
    }
    for await (const packet of payload.packets(channel.transport.dataPacketBytes)) {
      await exchange.sendData(packet, options.dataTimeoutMs);
      options.onSent?.(packet.length);
    }
    await exchange.okay();
  });
}
