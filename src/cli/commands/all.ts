import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { addBench } from './bench.js';
import { addClear } from './clear.js';
import { addCompletion } from './completion.js';
import { addConsole } from './console.js';
import { addDevices } from './devices.js';
import { addExec } from './exec.js';
import { addFastboot } from './fastboot/fastboot.js';
import { addFlash } from './flash.js';
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
import { addUdev } from './udev.js';
import { addUninstall } from './uninstall.js';
import { addUnpair } from './unpair.js';
import { addVersion } from './version.js';
import { addVirtualBoard } from './virtual-board.js';
import { addWaitForDevice } from './wait-for-device.js';

type AddVerb = (program: Command, cli: Cli) => void;

/** In the order in which `mdt help` shows them. */
const VERBS: Readonly<Record<string, AddVerb>> = {
  devices: addDevices,
  'wait-for-device': addWaitForDevice,
  'virtual-board': addVirtualBoard,
  pair: addPair,
  unpair: addUnpair,
  genkey: addGenkey,
  setkey: addSetkey,
  pushkey: addPushkey,
  resetkeys: addResetkeys,
  shell: addShell,
  exec: addExec,
  console: addConsole,
  forward: addForward,
  'ssh-config': addSshConfig,
  reboot: addReboot,
  'reboot-bootloader': addRebootBootloader,
  flash: addFlash,
  fastboot: addFastboot,
  udev: addUdev,
  push: addPush,
  pull: addPull,
  install: addInstall,
  uninstall: addUninstall,
  model: addModel,
  bench: addBench,
  get: addGet,
  set: addSet,
  clear: addClear,
  help: addHelp,
  version: addVersion,
  completion: addCompletion,
  man: addMan,
};

/** These look at the other verbs. */
const NEEDS_ALL = new Set(['help', 'completion', 'man']);

/** Declares every verb, or only the one that the command line begins with, which takes a tenth of the time. */
export function addVerbs(program: Command, cli: Cli, first = ''): void {
  const only = Object.hasOwn(VERBS, first) && !NEEDS_ALL.has(first) ? VERBS[first] : undefined;
  for (const add of only ? [only] : Object.values(VERBS)) add(program, cli);
}
