import { access, constants, readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { safeText } from '../device/board-text.js';
import { FASTBOOT_INTERFACE } from '../device/usb-ids.js';

/** Ids and names of a USB device. */
export interface UsbIdentity {
  readonly vendorId: number;
  readonly productId: number;
  readonly serialNumber?: string;
}

/** A USB device, as far as it can be known without opening it. */
export interface UsbDeviceFacts extends UsbIdentity {
  /** Bus-port path, such as `1-1.4`. */
  readonly usbPort: string;
  /** The same socket on the bus of the other speed: a board may run at high speed in its bootloader, at super speed after. */
  readonly companionPort?: string;
  /** Differs each time that a device is plugged in or comes back. */
  readonly connection: string;
  /** Undefined where the system does not tell without opening the device. */
  readonly speaksFastboot?: boolean;
  /** `denied`: this user may not open it. */
  readonly access: 'ready' | 'denied';
}

export interface SysfsPlace {
  /** `/sys`, but for tests. */
  readonly sysfsRoot?: string;
  /** `/dev`, but for tests. */
  readonly devRoot?: string;
}

/** In the modalias of an interface; Documentation/ABI/testing/sysfs-bus-usb of the Linux kernel. */
const FASTBOOT_ALIAS = `ic${hex(FASTBOOT_INTERFACE.class)}isc${hex(FASTBOOT_INTERFACE.subclass)}ip${hex(FASTBOOT_INTERFACE.protocol)}`;

/**
 * Linux: the USB devices that are plugged in, hubs included, read from sysfs without opening any.
 * @throws an error with code ENOENT where the system has no USB
 */
export async function listUsbSysfs(place: SysfsPlace = {}): Promise<UsbDeviceFacts[]> {
  const { sysfsRoot = '/sys', devRoot = '/dev' } = place;
  const folder = join(sysfsRoot, 'bus', 'usb', 'devices');
  const names = await readdir(folder);
  const interfaces = names.filter(name => name.includes(':'));
  const devices = await Promise.all(
    names
      // `usb1` is the root hub of a bus.
      .filter(name => /^\d+-[\d.]+$/.test(name))
      .map(name => {
        const own = interfaces.filter(other => other.startsWith(`${name}:`)).map(other => join(folder, other));
        // What was unplugged while it was read has no facts.
        return readDevice(join(folder, name), own, devRoot).catch(() => undefined);
      }),
  );
  return devices.filter(device => device !== undefined);
}

async function readDevice(folder: string, interfaces: readonly string[], devRoot: string): Promise<UsbDeviceFacts> {
  const [identity, bus, device, companionPort, aliases] = await Promise.all([
    readUsbIdentity(folder),
    readFact(folder, 'busnum'),
    readFact(folder, 'devnum'),
    readCompanionPort(folder),
    Promise.all(interfaces.map(path => readFact(path, 'modalias').catch(() => ''))),
  ]);
  return {
    ...identity,
    usbPort: basename(folder),
    connection: `${bus}/${device}`,
    speaksFastboot: aliases.some(alias => alias.includes(FASTBOOT_ALIAS)),
    access: await accessTo(join(devRoot, 'bus', 'usb', bus.padStart(3, '0'), device.padStart(3, '0'))),
    ...(companionPort === undefined ? {} : { companionPort }),
  };
}

/** What the USB device behind a folder of sysfs calls itself. @throws if it is none, or has just been unplugged */
export async function readUsbIdentity(folder: string): Promise<UsbIdentity> {
  const [vendor, product, serialNumber] = await Promise.all([
    readFact(folder, 'idVendor'),
    readFact(folder, 'idProduct'),
    readFact(folder, 'serial').catch(() => ''),
  ]);
  return {
    vendorId: Number.parseInt(vendor, 16),
    productId: Number.parseInt(product, 16),
    ...(serialNumber === '' ? {} : { serialNumber }),
  };
}

export async function accessTo(path: string): Promise<'ready' | 'denied'> {
  return await access(path, constants.R_OK | constants.W_OK).then(
    () => 'ready' as const,
    () => 'denied' as const,
  );
}

/** The ports `usb1-port1` and `1-1-port4` have as their peer the one of the other bus in the same socket. */
async function readCompanionPort(folder: string): Promise<string | undefined> {
  const peer = basename(await readlink(join(folder, 'port', 'peer')).catch(() => ''));
  const [, hub = '', port = ''] = /^(usb\d+|\d+-[\d.]+)-port(\d+)$/.exec(peer) ?? [];
  if (hub === '') return undefined;
  return hub.startsWith('usb') ? `${hub.slice('usb'.length)}-${port}` : `${hub}.${port}`;
}

async function readFact(folder: string, file: string): Promise<string> {
  return safeText(await readFile(join(folder, file), 'utf8')).trim();
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, '0');
}
