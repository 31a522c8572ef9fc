import { FastbootClient, type ClientOptions } from './client.js';
import type { FastbootTarget } from '../device/fastboot-target.js';
import { TcpTransport } from './tcp-transport.js';
import { DEFAULT_TIMEOUTS } from './timeouts.js';
import { settle } from './udp-stale.js';
import { UdpTransport } from './udp-transport.js';
import { UsbTransport } from './usb-transport.js';
import type { Transport } from './transport.js';

/** How a fastboot connection is made. */
export interface ConnectOptions extends ClientOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the way to a board in fastboot.
 * @throws TransportError, TimeoutError, ProtocolError, AbortedError; on USB DeviceNotFoundError, PermissionError and
 *   DeviceBusyError too
 */
export async function connectFastboot(target: FastbootTarget, options: ConnectOptions = {}): Promise<FastbootClient> {
  return new FastbootClient(await openTransport(target, options), options);
}

async function openTransport(target: FastbootTarget, options: ConnectOptions): Promise<Transport> {
  const { signal } = options;
  if (target.protocol === 'usb') return await UsbTransport.open(target, { signal });
  if (target.protocol === 'tcp') return await TcpTransport.open(target, { signal });
  const transport = await UdpTransport.open(target, { signal });
  try {
    await settle(transport, { timeoutMs: options.timeouts?.responseMs ?? DEFAULT_TIMEOUTS.responseMs, signal });
    return transport;
  } catch (error) {
    await transport.close();
    throw error;
  }
}
