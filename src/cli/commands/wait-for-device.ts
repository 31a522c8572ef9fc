import { Option, type Command } from 'commander';
import { DEVICE_STATES, type DeviceState } from '../../device/device.js';
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
      const device = await waitForBoard(cli.host, {
        ...deviceOf(command, board),
        timeoutMs: options.timeout,
        state: options.state,
        // Who waits for a board on the network need not hear that there is no USB.
        ...(options.state === undefined
          ? {}
          : {
              onWarning: (text: string) => {
                cli.printer.warn(text);
              },
            }),
        signal: cli.io.signal,
      });
      const isDefault = (await defaultBoard(cli.host))(device);
      if (options.json) printJson(cli, deviceJson(device, isDefault));
      else cli.printer.line(mdtLine(device, isDefault));
    });
}
