import type { Command } from 'commander';
import type { Cli } from '../../cli.js';
import { boardOption } from '../../fastboot-board.js';
import { addTopic } from '../../verb.js';
import { addFastbootDevices } from './devices.js';
import { addErase } from './erase.js';
import { addFetch } from './fetch.js';
import { addFlash } from './flash.js';
import { addGetvar } from './getvar.js';
import { addOem } from './oem.js';
import { addFastbootReboot, addFastbootRebootBootloader } from './reboot.js';
import { addUpload } from './upload.js';

/** Declares `mdt fastboot` and the verbs behind it. */
export function addFastboot(program: Command, cli: Cli): void {
  const topic = addTopic(program, 'fastboot', {
    group: 'flashing',
    summary: 'talk to the bootloader of a board that is in fastboot',
  }).addOption(boardOption());
  const verbs = [
    addFastbootDevices,
    addGetvar,
    addFlash,
    addErase,
    addFastbootReboot,
    addFastbootRebootBootloader,
    addOem,
    addFetch,
    addUpload,
  ];
  for (const add of verbs) add(topic, cli);
}
