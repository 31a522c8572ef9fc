import { Argument, type Command } from 'commander';
import { isKnownVariable, VARIABLES, writeVariable } from '../../config/variables.js';
import { parseSelector } from '../../device/selector.js';
import type { Cli } from '../cli.js';
import { nearest } from '../nearest.js';
import { addVerb } from '../verb.js';

export function addSet(program: Command, cli: Cli): void {
  addVerb(program, 'set', {
    group: 'settings',
    summary: 'set a variable',
    details: 'Set a variable. `mdt get` lists them; `mdt clear` brings the default back.',
    examples: [['mdt set preferred-device swift-otter', 'use this board whenever none is named']],
  })
    .addArgument(variableArgument())
    .argument('<value>', 'its new value, one line')
    .action(async (name: string, value: string) => {
      if (name === 'preferred-device') parseSelector(value); // throws if it can never choose a board
      await writeVariable(cli.host.paths.attribsDir, name, value);
      warnIfUnknown(cli, name);
      cli.printer.line(`Set ${name} to ${value}`);
    });
}

export function variableArgument(flags = '<variable>'): Argument {
  return new Argument(flags, `one of ${Object.keys(VARIABLES).join(', ')}`);
}

/** Python MDT takes any name, so scripts may use their own; a slip of the finger should still be seen. */
export function warnIfUnknown(cli: Cli, name: string): void {
  if (isKnownVariable(name)) return;
  const meant = nearest(name, Object.keys(VARIABLES));
  cli.printer.warn(`mdt does not use a variable "${name}".`);
  if (meant !== undefined) cli.printer.hint(`Did you mean ${meant}?`);
}
