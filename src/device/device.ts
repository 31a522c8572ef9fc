import type { Route, SshRoute } from './route.js';

/**
 * `online`: reachable and paired with this host. `unpaired`: reachable, this host's key is not known to be on it.
 * `fastboot`, `console-only`: waiting in the bootloader, or seen as a serial console alone.
 * `rom-download`: without a bootloader that starts, waiting for one over USB. `accelerator`: a USB Accelerator, no board.
 * `inaccessible`: seen, but this user may not open it. `offline`: known, not reachable now.
 */
export type DeviceState = (typeof DEVICE_STATES)[number];

export const DEVICE_STATES = [
  'online',
  'unpaired',
  'fastboot',
  'console-only',
  'rom-download',
  'accelerator',
  'inaccessible',
  'offline',
] as const;

/** A board. Its identity is its serial number or pinned host key, never an address: on USB all boards share one. */
export interface Device {
  /** Host name as the board announces it, stripped of control characters; empty if it has not told one. */
  readonly name: string;
  readonly state: DeviceState;
  /** Best first. */
  readonly routes: readonly Route[];
  readonly serialNumber?: string;
  /** SHA256 fingerprint of the pinned SSH host key, in the form `SHA256:…`. */
  readonly hostKeyFingerprint?: string;
}

/** Whether its system has been seen on the network: it can be logged in to. */
export function isRunning(device: Device): boolean {
  return device.state === 'online' || device.state === 'unpaired';
}

/** The routes by which a running system is reached, best first. */
export function sshRoutes(device: Device): SshRoute[] {
  return device.routes.filter(route => route.kind === 'ssh');
}

/** Bus-port path of the USB port that the board is plugged into, if it is. */
export function usbPortOf(device: Device): string | undefined {
  return device.routes.find(route => route.usbPort !== undefined)?.usbPort;
}
