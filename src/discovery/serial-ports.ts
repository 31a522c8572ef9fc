import { readdir, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemReason } from '../host/system-error.js';
import { usbIdOf } from '../device/usb-ids.js';
import { gadgetHostName } from './gadget.js';
import { polledSource } from './polled-source.js';
import type { Sighting } from './sighting.js';
import type { DiscoverySource } from './source.js';
import { accessTo, readUsbIdentity, type SysfsPlace, type UsbIdentity } from './usb-sysfs.js';

/** A serial port on USB. */
export interface SerialPortFacts extends UsbIdentity {
  /** `/dev/ttyUSB0`, `COM3`. */
  readonly path: string;
  readonly usbPort?: string;
  /** Whether a board's console is on it: the first port of a Dev Board's CP2105, or the one of a running Mendel. */
  readonly isConsole: boolean;
  readonly access: 'ready' | 'denied';
}

export interface SerialPortsOptions {
  readonly list?: () => Promise<readonly SerialPortFacts[]>;
}

/** Finds the serial consoles of boards; no port is opened. */
export function serialPortSource({ list = listSerialPorts }: SerialPortsOptions = {}): DiscoverySource {
  return polledSource({
    name: 'serial',
    look: async () => (await list()).filter(port => port.isConsole).map(sightingOf),
    failure: error => ({
      kind: 'warning',
      text: `Serial consoles cannot be seen: ${systemReason(error)}.`,
    }),
  });
}

/** The serial ports on USB of this host. @throws where the native part of the package serialport is missing */
export async function listSerialPorts(): Promise<SerialPortFacts[]> {
  return process.platform === 'linux' ? await listSerialSysfs() : await listSerialPackage();
}

interface FoundPort extends Omit<SerialPortFacts, 'isConsole'> {
  /** Equal for all ports of one USB device. */
  readonly device: string;
  /** Its place among them. */
  readonly order: number;
}

/** Linux, from sysfs: behind a port stands `…/1-1.4/1-1.4:1.0/ttyUSB0`, or for ACM `…/1-1.4/1-1.4:1.1`. */
export async function listSerialSysfs(place: SysfsPlace = {}): Promise<SerialPortFacts[]> {
  const { sysfsRoot = '/sys', devRoot = '/dev' } = place;
  const folder = join(sysfsRoot, 'class', 'tty');
  const names = (await readdir(folder).catch(() => [])).filter(name => /^tty(USB|ACM)\d+$/.test(name));
  const ports = await Promise.all(
    names.map(async (name): Promise<FoundPort[]> => {
      // What was unplugged while it was read is not there.
      const behind = await realpath(join(folder, name, 'device')).catch(() => '');
      const [, device = '', order] = /^(.*\/\d+-[\d.]+)\/[^/]+:\d+\.(\d+)(?:\/|$)/.exec(behind) ?? [];
      const identity = await readUsbIdentity(device).catch(() => undefined);
      if (identity === undefined) return [];
      const path = join(devRoot, name);
      return [
        { ...identity, path, usbPort: basename(device), access: await accessTo(path), device, order: Number(order) },
      ];
    }),
  );
  return withConsoles(ports.flat());
}

/** Elsewhere, from the package: it does not tell USB ports, and of the ports of one device the numbers tell the first. */
async function listSerialPackage(): Promise<SerialPortFacts[]> {
  const { SerialPort } = await import('serialport');
  const ports = (await SerialPort.list())
    .filter(port => port.vendorId !== undefined && port.productId !== undefined)
    .map(({ path, vendorId = '', productId = '', serialNumber }) => ({
      path,
      vendorId: Number.parseInt(vendorId, 16),
      productId: Number.parseInt(productId, 16),
      access: 'ready' as const,
      device: `${vendorId}:${productId} ${serialNumber ?? ''}`,
      ...(serialNumber === undefined ? {} : { serialNumber }),
    }))
    .sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
  return withConsoles(ports.map((port, order) => ({ ...port, order })));
}

/** The first port of a device is the console; what else a CP2105 has is not. */
function withConsoles(ports: readonly FoundPort[]): SerialPortFacts[] {
  return ports.map(({ device, order, ...port }) => {
    const isFirst = ports.every(other => other.device !== device || other.order >= order);
    const mode = usbIdOf(port)?.mode;
    return { ...port, isConsole: isFirst && (mode === 'serial-console' || mode === 'mendel') };
  });
}

function sightingOf({ path, usbPort, access, ...identity }: SerialPortFacts): Sighting {
  const hostName = gadgetHostName(identity) ?? '';
  // The serial number of a CP2105 is that of the chip, not of the board behind it.
  const { serialNumber } = usbIdOf(identity)?.mode === 'mendel' ? identity : {};
  return {
    source: 'serial',
    name: hostName,
    route: { kind: 'console', medium: 'serial', path, ...(usbPort === undefined ? {} : { usbPort }) },
    access,
    ...(serialNumber === undefined ? {} : { serialNumber }),
  };
}
