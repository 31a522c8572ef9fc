import { dirname } from 'node:path';
import type { MendelRelease } from './board.js';

/** What the desk's /sys tells about one interface; those without a gadget are plain network cards. */
export interface PretendInterface {
  readonly interface: string;
  readonly gadget?: { readonly usbPort: string; readonly release: MendelRelease; readonly serialNumber: string };
}

/**
 * Shell script that lays out a /sys with the USB gadgets of `interfaces` as the kernel's cdc_ether driver would show them,
 * over the desk's own. Ids are those of usb-gadget (Day and later) and of Chef.
 */
export function pretendSysfsScript(interfaces: readonly PretendInterface[]): string {
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  for (const { interface: name, gadget } of interfaces) {
    const device = gadget === undefined ? undefined : `devices/platform/lab/usb1/${gadget.usbPort}`;
    const parent = gadget === undefined ? 'devices/virtual' : `${device ?? ''}/${gadget.usbPort}:1.0`;
    files.set(`${parent}/net/${name}/operstate`, 'up');
    links.set(`class/net/${name}`, `../../${parent}/net/${name}`);
    if (gadget === undefined || device === undefined) continue;
    const chef = gadget.release === 'chef';
    files.set(`${device}/idVendor`, chef ? '04e8' : '18d1');
    files.set(`${device}/idProduct`, chef ? '0106' : '9303');
    files.set(`${device}/manufacturer`, 'Google,LLC');
    files.set(`${device}/product`, 'Mendel');
    files.set(`${device}/serial`, gadget.serialNumber);
    files.set(`${device}/busnum`, '1');
    files.set(`${device}/devpath`, gadget.usbPort.replace(/^1-/, ''));
    files.set(`${parent}/bInterfaceClass`, '02');
    files.set(`${parent}/bInterfaceSubClass`, '06');
    links.set(`${parent}/net/${name}/device`, `../../../${gadget.usbPort}:1.0`);
    links.set(`bus/usb/devices/${gadget.usbPort}`, `../../../${device}`);
  }
  return [
    'set -eu',
    'mount -t tmpfs -o mode=755 lab /sys',
    'mkdir -p /sys/bus/usb/devices',
    ...[...files.keys(), ...links.keys()].map(path => `mkdir -p '/sys/${dirname(path)}'`),
    ...[...files].map(([path, text]) => `echo '${text}' >'/sys/${path}'`),
    ...[...links].map(([path, target]) => `ln -s '${target}' '/sys/${path}'`),
  ].join('\n');
}
