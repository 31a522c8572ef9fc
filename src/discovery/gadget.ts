import { realpath } from 'node:fs/promises';
import { dirname, basename, join } from 'node:path';
import { usbIdOf } from '../device/usb-ids.js';
import { readUsbIdentity, type UsbIdentity } from './usb-sysfs.js';

/** The USB device behind a network interface, known to be a Mendel board. */
export interface Gadget {
  /** Bus-port path, such as `1-1.4`; missing where the system cannot tell. */
  readonly usbPort?: string;
  /** Serial number of the USB device. On Day and later it is the board's host name. */
  readonly serialNumber?: string;
  readonly hostName?: string;
}

const CHEF = '04e8:0106';
const HOST_NAME = /^[a-z0-9]([a-z0-9-]{0,62})$/i;

/**
 * Linux: whether `interfaceName` belongs to a Mendel board on USB, by the ids of the device above it in sysfs. Vendor
 * and product are what the kernel read from the device, so no host on a LAN can pass for one.
 * Undefined for every other interface, and where there is no sysfs.
 */
export async function findGadget(interfaceName: string, sysfsRoot: string): Promise<Gadget | undefined> {
  try {
    // …/usb1/1-1/1-1.4/1-1.4:1.0 is the USB interface, its parent 1-1.4 the device.
    const usbDevice = dirname(await realpath(join(sysfsRoot, 'class', 'net', interfaceName, 'device')));
    const identity = await readUsbIdentity(usbDevice);
    if (usbIdOf(identity)?.mode !== 'mendel') return undefined;
    const { serialNumber } = identity;
    const hostName = gadgetHostName(identity);
    return {
      usbPort: basename(usbDevice),
      ...(serialNumber === undefined ? {} : { serialNumber }),
      ...(hostName === undefined ? {} : { hostName }),
    };
  } catch {
    // Not a USB device, or it has just been unplugged.
    return undefined;
  }
}

/** Day and later give the USB device the board's host name for a serial number; Chef does not. */
export function gadgetHostName(identity: UsbIdentity): string | undefined {
  const { serialNumber = '' } = identity;
  const { id = CHEF, mode } = usbIdOf(identity) ?? {};
  return mode === 'mendel' && id !== CHEF && HOST_NAME.test(serialNumber) ? serialNumber : undefined;
}
