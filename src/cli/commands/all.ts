import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { addClear } from './clear.js';
import { addCompletion } from './completion.js';
import { addGenkey } from './genkey.js';
import { addGet } from './get.js';
import { addHelp } from './help.js';
import { addMan } from './man.js';
import { addModel } from './model/model.js';
import { addSet } from './set.js';
import { addSetkey } from './setkey.js';
import { addSshConfig } from './ssh-config.js';
import { addVersion } from './version.js';
import { addVirtualBoard } from './virtual-board.js';

/** Declares every verb; `mdt help` shows them in this order. */
export function addAllVerbs(program: Command, cli: Cli): void {
  const verbs = [
    addVirtualBoard,
    addGenkey,
    addSetkey,
    addSshConfig,
    addModel,
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
