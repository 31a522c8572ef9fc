import type { Command } from 'commander';
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
      'List the boards in fastboot on USB. Into a pipe it prints one line per board as the fastboot of Android does,\n' +
      'SERIALNUMBER<TAB>fastboot, or "no permissions" where this user may not open it.',
  })
    .addOption(jsonOption())
    .action(async ({ json }: { json?: true }) => {
      const { listFastbootBoards } = await import('../../../power/fastboot-boards.js');
      const devices = (await listFastbootBoards()).map(board => board.device);
      const { printer } = cli;
      if (json)
        printJson(
          cli,
          devices.map(device => deviceJson(device, false)),
        );
      else if (printer.interactive && devices.length > 0) {
        for (const line of deviceTable(
          devices,
          () => false,
          text => printer.onStdout('bold', text),
        ))
          printer.line(line);
      } else {
        for (const device of devices) {
          printer.line(`${nameOf(device)}\t${device.state === 'fastboot' ? 'fastboot' : 'no permissions'}`);
        }
      }
    });
}
