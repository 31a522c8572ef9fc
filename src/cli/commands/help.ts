import { Argument, type Command } from 'commander';
import { UsageError } from '../../errors.js';
import { nearest } from '../nearest.js';
import { addVerb } from '../verb.js';

export function addHelp(program: Command): void {
  addVerb(program, 'help', { group: 'about', summary: 'show all commands, or what one does' })
    .addArgument(new Argument('[command]', 'the command to explain'))
    .action((name?: string) => {
      if (name === undefined) program.help();
      const command = program.commands.find(candidate => candidate.name() === name.toLowerCase());
      if (command) command.help();
      const meant = nearest(
        name,
        program.commands.map(candidate => candidate.name()),
      );
      throw new UsageError(`There is no command "${name}".`, {
        hint: meant === undefined ? 'See `mdt help`.' : `Did you mean ${meant}?`,
      });
    });
}
