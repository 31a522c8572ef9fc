import type { Command } from 'commander';
import { clearVariable } from '../../config/variables.js';
import type { Cli } from '../cli.js';
import { addVerb } from '../verb.js';
import { variableArgument, warnIfUnknown } from './set.js';

export function addClear(program: Command, cli: Cli): void {
  addVerb(program, 'clear', {
    group: 'settings',
    summary: 'give a variable its default back',
    examples: [['mdt clear preferred-device', 'prefer no board any longer']],
  })
    .addArgument(variableArgument())
    .action(async (name: string) => {
      const wasSet = await clearVariable(cli.host.paths.attribsDir, name);
      if (!wasSet) warnIfUnknown(cli, name);
      cli.printer.line(`Cleared ${name}`);
    });
}
