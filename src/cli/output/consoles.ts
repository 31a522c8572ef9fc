import { formatUsbId } from '../../device/usb-ids.js';
import type { SerialPortFacts } from '../../discovery/serial-ports.js';
import { renderTable } from './table.js';

/** Schema of a port in `mdt console --list --json`; fields are added, never changed. */
export interface SerialPortJson {
  readonly path: string;
  /** Whether it is the console of a board, by its USB ids. */
  readonly console: boolean;
  /** `VENDOR:PRODUCT` in hexadecimal. */
  readonly usbId: string;
  readonly usbPort: string | null;
  readonly serialNumber: string | null;
  readonly access: 'ready' | 'denied';
}

export function serialPortJson(port: SerialPortFacts): SerialPortJson {
  return {
    path: port.path,
    console: port.isConsole,
    usbId: formatUsbId(port),
    usbPort: port.usbPort ?? null,
    serialNumber: port.serialNumber ?? null,
    access: port.access,
  };
}

/** For a person: a table. */
export function portTable(ports: readonly SerialPortFacts[], emphasise: (text: string) => string): string[] {
  const rows = ports.map(port => [
    port.path,
    `${port.isConsole ? 'console' : 'other'}${port.access === 'denied' ? ', inaccessible' : ''}`,
    formatUsbId(port),
    port.usbPort ?? '',
    port.serialNumber ?? '',
  ]);
  return renderTable(['PORT', 'KIND', 'USB ID', 'USB PORT', 'SERIAL NUMBER'], rows, emphasise);
}

/** `/dev/ttyUSB0 (usb 1-1.4)`, in messages and questions. */
export function describePort({ path, usbPort, serialNumber }: SerialPortFacts): string {
  const facts = [
    ...(usbPort === undefined ? [] : [`usb ${usbPort}`]),
    ...(serialNumber === undefined ? [] : [serialNumber]),
  ];
  return facts.length === 0 ? path : `${path} (${facts.join(', ')})`;
}
