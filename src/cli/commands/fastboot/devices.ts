import type { Command } from 'commander';
import type { Device } from '../../../device/device.js';
import type { Cli } from '../../cli.js';
import { jsonOption } from '../../options.js';
import { deviceJson, deviceTable, nameOf } from '../../output/devices.js';
import { printJson } from '../../output/json.js';
import { addVerb } from '../../verb.js';

export function addFastbootDevices(topic: Command, cli: Cli): void {
  addVerb(topic, 'devices', {
    group: 'flashing',
    summary: 'list the boards in fastboot on USB',
    details:
      'List the boards in fastboot on USB. Into a pipe it prints one line per board as the fastboot of Android does, ' +
      'SERIALNUMBER<TAB>fastboot, or "no permissions" where this user may not open it.',
  })
    .addOption(jsonOption())
    .action(async ({ json }: { json?: true }) => {
      const { listFastbootBoards } = await import('../../../bootloader/fastboot-boards.js');
      const devices = (await listFastbootBoards(cli.io.listUsb)).map(board => board.device);
      if (json) {
        const objects = devices.map(device => deviceJson(device, false));
        printJson(cli, objects);
      } else print(cli, devices);
    });
}

function print({ printer }: Cli, devices: readonly Device[]): void {
  if (!printer.interactive) for (const device of devices) printer.line(androidLine(device));
  else if (devices.length === 0) printer.note('No board is in fastboot on USB.');
  else {
    const bold = (text: string): string => printer.onStdout('bold', text);
    for (const line of deviceTable(devices, () => false, bold)) printer.line(line);
  }
}

function androidLine(device: Device): string {
  return `${nameOf(device)}\t${device.state === 'fastboot' ? 'fastboot' : 'no permissions'}`;
}
