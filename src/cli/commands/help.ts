import { Argument, type Command } from 'commander';
import { UsageError } from '../../errors.js';
import { nearest } from '../nearest.js';
import { addVerb, commandOf, nameOf } from '../verb.js';

export function addHelp(program: Command): void {
  addVerb(program, 'help', { group: 'about', summary: 'show all commands, or what one does' })
    .addArgument(new Argument('[command...]', 'the command to explain'))
    .action((words: readonly string[]) => {
      const command: Command = commandOf(program, words);
      const depth = nameOf(command).split(' ').length - 1;
      const unknown = words[depth];
      if (unknown === undefined || command.commands.length === 0) command.help();
      const meant = nearest(
        unknown,
        command.commands.map(candidate => candidate.name()),
      );
      throw new UsageError(`There is no command "${words.join(' ')}".`, {
        hint:
          meant === undefined ? `See \`${nameOf(command).replace(/^mdt/, 'mdt help')}\`.` : `Did you mean ${meant}?`,
      });
    });
}
