import type { Argument, Command, Option } from 'commander';
import type { ConfigPaths } from '../../config/paths.js';
import { VARIABLES } from '../../config/variables.js';
import { commandOf, verbText } from '../verb.js';

/** The line that asks the shell to complete file names by itself. */
export const FILES_LINE = ':files';

/**
 * What may stand in place of the last of `words`: lines of `word<TAB>meaning`, and FILES_LINE where files are wanted.
 * It only reads this host's files: a completion must not wait for the network.
 */
export async function complete(program: Command, words: readonly string[], paths: ConfigPaths): Promise<string[]> {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const { command, argumentIndex, pending, ended } = walk(program, before);
  if (pending) return await valuesOf(pending, program, paths, typed);
  if (typed.startsWith('-') && !ended) return matching(optionsOf(command), typed);
  if (command.commands.length > 0) return matching(verbsOf(command), typed);
  const argument = command.registeredArguments[argumentIndex] ?? lastVariadic(command);
  return argument === undefined ? [] : await valuesOf(argument, program, paths, typed);
}

interface Position {
  readonly command: Command;
  /** How many words that are no options the command already has. */
  readonly argumentIndex: number;
  /** The option that waits for its value. */
  readonly pending?: Option;
  /** Options are over: `--` was seen, or the words belong to a command on the board. */
  readonly ended: boolean;
}

function walk(program: Command, words: readonly string[]): Position {
  let command = program;
  let argumentIndex = 0;
  let ended = false;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (word === '--') ended = true;
    else if (word.startsWith('-') && !ended) {
      const option = command.options.find(({ short, long }) => short === word || long === word);
      if (option === undefined || option.isBoolean()) continue;
      if (index === words.length - 1) return { command, argumentIndex, pending: option, ended };
      index++;
    } else if (command.commands.length > 0) {
      command = commandOf(command, [word]);
    } else {
      argumentIndex++;
      if (command.name() === 'exec') ended = true;
    }
  }
  return { command, argumentIndex, ended };
}

async function valuesOf(
  wanted: Argument | Option,
  program: Command,
  paths: ConfigPaths,
  typed: string,
): Promise<string[]> {
  const name = 'long' in wanted ? wanted.flags.replace(/^.*<|>.*$/g, '') : wanted.name();
  if (wanted.argChoices) return matching(wanted.argChoices, typed);
  if (name === 'command') return matching(verbsOf(program), typed);
  if (name === 'board') return matching(await knownBoardNames(paths.knownBoardsFile), typed);
  if (name === 'variable') {
    return matching(
      Object.entries(VARIABLES).map(([variable, { meaning }]) => `${variable}\t${meaning}`),
      typed,
    );
  }
  return ['file', 'folder', 'path'].some(kind => name.includes(kind)) ? [FILES_LINE] : [];
}

function lastVariadic(command: Command): Argument | undefined {
  const last = command.registeredArguments.at(-1);
  return last?.variadic === true ? last : undefined;
}

function verbsOf(program: Command): string[] {
  return program.commands
    .filter(command => verbText(command)?.hidden !== true)
    .map(command => `${command.name()}\t${command.summary()}`);
}

function optionsOf(command: Command): string[] {
  const own = command.options
    .filter(option => !option.hidden)
    .map(({ long, description }) => `${long ?? ''}\t${description}`);
  return [...own, '--help\tshow help'];
}

function matching(lines: readonly string[], typed: string): string[] {
  return lines.filter(line => line.startsWith(typed));
}

/** A completion has nowhere to put an error: a list that cannot be read has no names. */
async function knownBoardNames(file: string): Promise<string[]> {
  const { loadKnownBoards } = await import('../../keys/known-boards.js');
  const boards = await loadKnownBoards(file).catch(() => []);
  return boards.map(({ name }) => name).filter(name => name !== '');
}
