import type { DeviceChange } from '../../discovery/watch.js';
import type { Device } from '../../device/device.js';
import type { Cli } from '../cli.js';
import { defaultBoard } from '../default-board.js';
import { describeRoutes, deviceJson, mdtLine, nameOf } from '../output/devices.js';

export interface WatchOptions {
  readonly json?: true;
  /** Milliseconds. */
  readonly timeout?: number;
}

const WORDS = { added: 'added', changed: 'changed', removed: 'removed' } as const satisfies Record<
  DeviceChange['kind'],
  string
>;

/**
 * Prints a line for every change, until the command is interrupted or the time is up, which is no error here.
 * With `--json` each line is `{"event": "added" | "changed" | "removed", "device": …}`.
 */
export async function watchDevices(cli: Cli, options: WatchOptions): Promise<void> {
  const { watchBoards } = await import('../../pairing/boards.js');
  const isDefault = await defaultBoard(cli.host);
  const timeUp = options.timeout === undefined ? undefined : AbortSignal.timeout(options.timeout);
  const signal = timeUp === undefined ? cli.io.signal : AbortSignal.any([cli.io.signal, timeUp]);
  if (cli.printer.interactive) cli.printer.note('Watching for boards; press Ctrl-C to end.');
  try {
    for await (const change of watchBoards(cli.host, {
      signal,
      onWarning: text => {
        cli.printer.warn(text);
      },
    })) {
      cli.printer.line(
        options.json ? JSON.stringify(changeJson(change, isDefault)) : changeLine(cli, change, isDefault),
      );
    }
  } catch (error) {
    if (timeUp?.aborted !== true || cli.io.signal.aborted) throw error;
  }
}

function changeJson({ kind, device }: DeviceChange, isDefault: (device: Device) => boolean): object {
  return { event: WORDS[kind], device: deviceJson(device, isDefault(device)) };
}

/** On a terminal for people; into a pipe the word, a space, and the line that `mdt devices` prints. */
function changeLine(cli: Cli, { kind, device }: DeviceChange, isDefault: (device: Device) => boolean): string {
  if (!cli.printer.interactive) return `${WORDS[kind]} ${mdtLine(device, isDefault(device))}`;
  const word = cli.printer.onStdout(
    kind === 'removed' ? 'red' : kind === 'added' ? 'green' : 'yellow',
    WORDS[kind].padEnd(7),
  );
  const details = kind === 'removed' ? '' : `  ${device.state}  ${describeRoutes(device)}`;
  return `${new Date().toLocaleTimeString()}  ${word}  ${nameOf(device)}${details}`;
}
