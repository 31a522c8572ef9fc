import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { addBench } from './bench.js';
import { addClear } from './clear.js';
import { addCompletion } from './completion.js';
import { addConsole } from './console.js';
import { addDevices } from './devices.js';
import { addExec } from './exec.js';
import { addFastboot } from './fastboot/fastboot.js';
import { addForward } from './forward.js';
import { addGenkey } from './genkey.js';
import { addGet } from './get.js';
import { addHelp } from './help.js';
import { addInstall } from './install.js';
import { addMan } from './man.js';
import { addModel } from './model/model.js';
import { addPair } from './pair.js';
import { addPull } from './pull.js';
import { addPush } from './push.js';
import { addPushkey } from './pushkey.js';
import { addReboot, addRebootBootloader } from './reboot.js';
import { addResetkeys } from './resetkeys.js';
import { addSet } from './set.js';
import { addSetkey } from './setkey.js';
import { addShell } from './shell.js';
import { addSshConfig } from './ssh-config.js';
import { addUninstall } from './uninstall.js';
import { addUnpair } from './unpair.js';
import { addVersion } from './version.js';
import { addVirtualBoard } from './virtual-board.js';
import { addWaitForDevice } from './wait-for-device.js';

/** Declares every verb; `mdt help` shows them in this order. */
export function addAllVerbs(program: Command, cli: Cli): void {
  const verbs = [
    addDevices,
    addWaitForDevice,
    addVirtualBoard,
    addPair,
    addUnpair,
    addGenkey,
    addSetkey,
    addPushkey,
    addResetkeys,
    addShell,
    addExec,
    addConsole,
    addForward,
    addSshConfig,
    addReboot,
    addRebootBootloader,
    addFastboot,
    addPush,
    addPull,
    addInstall,
    addUninstall,
    addModel,
    addBench,
    addGet,
    addSet,
    addClear,
    addHelp,
    addVersion,
    addCompletion,
    addMan,
  ];
  for (const add of verbs) add(program, cli);
}
