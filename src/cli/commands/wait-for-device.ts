import { Option, type Command } from 'commander';
import { DEVICE_STATES, type Device, type DeviceState } from '../../device/device.js';
import type { WaitOptions as WaitForBoard } from '../../pairing/boards.js';
import type { Cli } from '../cli.js';
import { defaultBoard } from '../default-board.js';
import { deviceArgument, deviceOf, deviceOption, jsonOption, timeoutOption } from '../options.js';
import { deviceJson, mdtLine } from '../output/devices.js';
import { printJson } from '../output/json.js';
import { addVerb } from '../verb.js';

interface WaitOptions {
  readonly json?: true;
  readonly state?: DeviceState;
  readonly timeout?: number;
}

type WaitRequest = Pick<WaitForBoard, 'device' | 'state' | 'timeoutMs' | 'signal'>;

/** The longest that a timer of Node can be set to, which is 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

export function addWaitForDevice(program: Command, cli: Cli): void {
  addVerb(program, 'wait-for-device', {
    group: 'finding',
    summary: 'wait until a board can be reached',
    details:
      'Wait until the board, or any board, can be reached, and print it; with --state, until it is in that state.',
    examples: [
      ['mdt wait-for-device --state fastboot', 'wait for a board in its bootloader'],
      ['mdt wait-for-device swift-otter --timeout 120', 'give it two minutes to boot'],
    ],
  })
    .addArgument(deviceArgument())
    .addOption(deviceOption())
    .addOption(
      new Option('--state <state>', 'state to wait for').choices(DEVICE_STATES.filter(state => state !== 'offline')),
    )
    .addOption(timeoutOption('give up after so many seconds; without it, never'))
    .addOption(jsonOption())
    .action(async (board: string | undefined, options: WaitOptions, command: Command) => {
      const { waitForBoard } = await import('../../pairing/boards.js');
      cli.printer.note('Waiting for a board…');
      const { state, timeout: timeoutMs } = options;
      const onWarning = (text: string): void => {
        cli.printer.warn(text);
      };
      // Who waits for a board on the network need not hear that there is no USB.
      const told = state === undefined ? {} : { onWarning };
      const request = { ...deviceOf(command, board), ...told, timeoutMs, state, signal: cli.io.signal };
      const device = (await waitAtPlace(cli, request)) ?? (await waitForBoard(cli.host, request));
      const isDefault = (await defaultBoard(cli.host))(device);
      if (options.json) printJson(cli, deviceJson(device, isDefault));
      else cli.printer.line(mdtLine(device, isDefault));
    });
}

/** A place of fastboot on the network is not found by any search, but answers when the board is there. */
async function waitAtPlace(cli: Cli, { device, state, timeoutMs, signal }: WaitRequest): Promise<Device | undefined> {
  const { wantedPlace } = await import('../../pairing/host.js');
  const selector = await wantedPlace(cli.host, device);
  const isPlace = selector?.kind === 'fastboot' && (device !== undefined || state === 'fastboot');
  if (!isPlace || (state !== undefined && state !== 'fastboot')) return undefined;
  const { findFastbootBoard, nameFastbootBoard } = await import('../../bootloader/fastboot-boards.js');
  const { waitForFastboot } = await import('../../bootloader/wait-for-fastboot.js');
  const board = await findFastbootBoard(cli.host, { device });
  const ready = await waitForFastboot([{ kind: 'return', board }], {
    ...{
      operation: `waiting for ${nameFastbootBoard(board)} to be in fastboot`,
      timeoutMs: timeoutMs ?? LONGEST_MS,
      signal,
    },
  });
  await ready.client.close();
  return board.device;
}
