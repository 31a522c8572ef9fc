import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { usbIdOf } from '../device/usb-ids.js';
import { listSerialPorts, type SerialPortFacts } from '../discovery/serial-ports.js';
import { listUsbDevices, usbModeOf, type UsbDeviceFacts } from '../discovery/usb-devices.js';
import { readRules, RULES_NAME } from './rules-file.js';

export interface CheckRulesOptions {
  /** Where udev looks for rules, the most important first; udev(7). */
  readonly folders?: readonly string[] | undefined;
  readonly listUsb?: (() => Promise<readonly UsbDeviceFacts[]>) | undefined;
  readonly listSerial?: (() => Promise<readonly SerialPortFacts[]>) | undefined;
}

/** Whether the udev rules are installed, and which boards this user may open. */
export interface RulesReport {
  readonly rules: 'current' | 'different' | 'missing';
  /** Where they are. */
  readonly path?: string;
  /** Each device of a board that is plugged in now. */
  readonly devices: readonly { readonly place: string; readonly what: string; readonly access: 'ready' | 'denied' }[];
}

const FOLDERS = ['/etc', '/run', '/usr/local/lib', '/usr/lib', '/lib'].map(folder => join(folder, 'udev', 'rules.d'));

/** What of the rules is in force on this computer, and which of the boards that are plugged in this user may open. */
export async function checkRules(options: CheckRulesOptions = {}): Promise<RulesReport> {
  const { folders = FOLDERS, listUsb = listUsbDevices, listSerial = listSerialPorts } = options;
  // A computer without USB has nothing to open.
  const [usb, ports, wanted] = await Promise.all([
    listUsb().catch(() => []),
    listSerial().catch(() => []),
    readRules(),
  ]);
  const devices = [
    ...usb.filter(device => usbModeOf(device) !== undefined).map(describeUsb),
    ...ports
      .filter(port => port.isConsole)
      .map(({ path, access, ...id }) => ({ place: path, what: usbIdOf(id)?.board ?? 'serial console', access })),
  ];
  for (const folder of folders) {
    const path = join(folder, RULES_NAME);
    const found = await readFile(path, 'utf8').catch(() => undefined);
    if (found !== undefined) return { rules: found === wanted ? 'current' : 'different', path, devices };
  }
  return { rules: 'missing', devices };
}

function describeUsb(device: UsbDeviceFacts): RulesReport['devices'][number] {
  const what = usbIdOf(device)?.board ?? 'a board in fastboot';
  return { place: `usb:${device.usbPort}`, what, access: device.access };
}
