import type { SerialPortFacts } from '../discovery/serial-ports.js';
import { AmbiguousDeviceError, DeviceNotFoundError } from '../errors.js';
import type { Cli } from './cli.js';
import { describePort } from './output/consoles.js';

/**
 * The console that a command means: the one it names, else the only board's console on USB, else the one that the user
 * picks. @throws DeviceNotFoundError, AmbiguousDeviceError
 */
export async function chooseConsole(cli: Cli, place?: string): Promise<string> {
  if (place !== undefined) return place;
  const ports = await serialPorts(cli);
  const consoles = ports.filter(port => port.isConsole);
  const [first] = consoles;
  if (first === undefined) throw noConsole(ports);
  if (consoles.length === 1) return first.path;
  if (!cli.printer.canAsk) throw ambiguous(consoles);
  const { askForConsole } = await import('./prompt.js');
  const chosen = await askForConsole(cli.io, consoles.map(describePort));
  return (consoles[chosen] ?? first).path;
}

/** The serial ports on USB, consoles first. */
export async function serialPorts({ io }: Cli): Promise<SerialPortFacts[]> {
  const list = io.listSerialPorts ?? (await import('../discovery/serial-ports.js')).listSerialPorts;
  const ports = await list();
  return [...ports].sort(
    (a, b) => Number(b.isConsole) - Number(a.isConsole) || a.path.localeCompare(b.path, 'en', { numeric: true }),
  );
}

function noConsole(others: readonly SerialPortFacts[]): DeviceNotFoundError {
  const hint =
    'Connect the micro-USB port beside the serial chip of the Dev Board, or the USB data port of a board that runs Mendel';
  return new DeviceNotFoundError("No board's serial console was found.", {
    hint:
      others.length === 0
        ? `${hint}; or name the console as tcp:HOST:PORT.`
        : `${hint}; or name one of ${others.map(port => port.path).join(', ')}.`,
    facts: { others },
  });
}

function ambiguous(consoles: readonly SerialPortFacts[]): AmbiguousDeviceError {
  return new AmbiguousDeviceError(`Several serial consoles were found: ${consoles.map(describePort).join('; ')}.`, {
    hint: 'Name one of them.',
    facts: { candidates: consoles },
  });
}
