import type { Route } from '../device/route.js';
import { usbIdOf, usbPortPath, type UsbMode } from '../device/usb-ids.js';
import { polledSource } from './polled-source.js';
import type { Sighting } from './sighting.js';
import type { DiscoverySource } from './source.js';
import { listUsbSysfs, type UsbDeviceFacts } from './usb-sysfs.js';

export type { UsbDeviceFacts } from './usb-sysfs.js';

export interface UsbDevicesOptions {
  /** The devices that are plugged in now. */
  readonly list?: () => Promise<readonly UsbDeviceFacts[]>;
}

/**
 * Finds what a Coral board or accelerator is on USB when it does not run Mendel; nothing is opened. It looks again and
 * again, since hot-plug events need udevd and native code, and the list costs a few milliseconds.
 */
export function usbDeviceSource({ list = listUsbDevices }: UsbDevicesOptions = {}): DiscoverySource {
  return polledSource({
    name: 'usb',
    look: async () => (await list()).flatMap(sightingOf),
    failure: error => ({
      // A virtual machine or a container often has no USB, and its boards are on the network.
      kind: hasNoUsb(error) ? 'lack' : 'warning',
      text: `Boards in fastboot on USB cannot be seen: ${whyNoUsb(error)}.`,
    }),
  });
}

/**
 * The USB devices of this host. Elsewhere than on Linux the interfaces of a device are not told without opening it, so
 * that a board is known there by its ids alone, and who may open it is not known before it is tried.
 * @throws where the system has no USB, or the native part of the package `usb` is missing
 */
export async function listUsbDevices(): Promise<UsbDeviceFacts[]> {
  if (process.platform === 'linux') return await listUsbSysfs();
  const { usb } = await import('usb');
  return (await usb.getDevices()).map(device => ({
    usbPort: usbPortPath(device.bus, device.ports),
    connection: `${device.bus}/${String(device.address)}`,
    vendorId: device.vendorId,
    productId: device.productId,
    access: 'ready',
    ...(device.serialNumber ? { serialNumber: device.serialNumber } : {}),
  }));
}

/** What the device is to us; undefined for what is no business of ours. */
export function usbModeOf(device: UsbDeviceFacts): UsbMode | undefined {
  if (device.speaksFastboot === true) return 'fastboot';
  const mode = usbIdOf(device)?.mode;
  // 0525:a4a5 is what Linux gadgets of all kinds call themselves.
  return mode === 'fastboot' && device.speaksFastboot === false ? undefined : mode;
}

function sightingOf(device: UsbDeviceFacts): Sighting[] {
  const route = routeOf(device);
  if (route === undefined) return [];
  const { access, serialNumber } = device;
  return [{ source: 'usb', name: '', route, access, ...(serialNumber === undefined ? {} : { serialNumber }) }];
}

/** A board that runs Mendel is found by what it offers then: a network, a console. */
function routeOf(device: UsbDeviceFacts): Route | undefined {
  const { usbPort, vendorId, productId, access } = device;
  switch (usbModeOf(device)) {
    case 'fastboot':
      return { kind: 'fastboot', medium: 'usb', target: { protocol: 'usb', usbPort }, usbPort, access };
    case 'rom-download':
    case 'accelerator':
      return { kind: 'usb', medium: 'usb', usbPort, vendorId, productId };
    case 'mendel':
    case 'serial-console':
    case undefined:
      return undefined;
  }
}

function hasNoUsb(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** Why the USB devices cannot be listed, as it reads after a colon. */
export function whyNoUsb(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (hasNoUsb(error)) return 'this system has no USB';
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_DLOPEN_FAILED') {
    return 'the native part of the package usb is missing, so install mdt again on this system';
  }
  return message;
}
