import { readFile, realpath } from 'node:fs/promises';
import { dirname, basename, join } from 'node:path';
import { safeText } from '../device/board-text.js';

/** The USB device behind a network interface, known to be a Mendel board. */
export interface Gadget {
  /** Bus-port path, such as `1-1.4`; missing where the system cannot tell. */
  readonly usbPort?: string;
  /** Serial number of the USB device. On Day and later it is the board's host name. */
  readonly serialNumber?: string;
  readonly hostName?: string;
}

/** USB vendor:product of Mendel's network gadget: Chef; Day and later on i.MX and on MediaTek. */
const CHEF = '04e8:0106';
const DAY_AND_LATER = ['18d1:9303', '18d1:9304'];
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
    const [vendor, product] = await Promise.all([readFact(usbDevice, 'idVendor'), readFact(usbDevice, 'idProduct')]);
    const id = `${vendor}:${product}`.toLowerCase();
    if (id !== CHEF && !DAY_AND_LATER.includes(id)) return undefined;
    const serialNumber = await readFact(usbDevice, 'serial').catch(() => '');
    return {
      usbPort: basename(usbDevice),
      ...(serialNumber === '' ? {} : { serialNumber }),
      ...(id !== CHEF && HOST_NAME.test(serialNumber) ? { hostName: serialNumber } : {}),
    };
  } catch {
    // Not a USB device, or it has just been unplugged.
    return undefined;
  }
}

async function readFact(folder: string, file: string): Promise<string> {
  return safeText(await readFile(join(folder, file), 'utf8')).trim();
}
