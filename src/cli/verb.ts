import { Option, type Argument, type Command } from 'commander';

/** The headings under which `mdt help` lists the verbs, in their order. */
export const GROUPS = {
  finding: 'Finding boards:',
  pairing: 'Pairing and keys:',
  talking: 'Talking to a board:',
  files: 'Files and packages:',
  flashing: 'Flashing boards:',
  models: 'Models and the Edge TPU:',
  settings: 'Settings:',
  about: 'About mdt:',
} as const;

export interface VerbText {
  readonly group: keyof typeof GROUPS;
  /** A few words for the list of verbs. */
  readonly summary: string;
  /** What `mdt help VERB` says; the summary where there is no more to say. */
  readonly details?: string;
  /** Command lines, each with what it does. */
  readonly examples?: readonly (readonly [command: string, meaning: string])[];
  readonly hidden?: boolean;
}

const texts = new WeakMap<Command, VerbText>();

/** Declares a verb below `program`, with the options that every verb has. */
export function addVerb(program: Command, name: string, text: VerbText): Command {
  const command = program
    .command(name, { hidden: text.hidden ?? false })
    .helpGroup(GROUPS[text.group])
    .summary(text.summary)
    .description(text.details ?? sentence(text.summary))
    .allowExcessArguments(false)
    .addOption(new Option('--no-color', 'print without colours').hideHelp());
  texts.set(command, text);
  const examples = text.examples ?? [];
  if (examples.length > 0) {
    const lines = examples.map(([line, meaning]) => `  ${line}\n      ${meaning}`);
    command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
  }
  return command;
}

/** Declares a word that other verbs stand behind, such as `mdt model`; they are declared below what it returns. */
export function addTopic(program: Command, name: string, text: VerbText): Command {
  return addVerb(program, name, text).helpCommand(false).enablePositionalOptions();
}

/** The visible verbs below `command`, each topic replaced by its own. */
export function verbsBelow(command: Command): Command[] {
  return command.commands
    .filter(verb => texts.get(verb)?.hidden !== true)
    .flatMap(verb => (verb.commands.length === 0 ? verb : verbsBelow(verb)));
}

/** The command that these words name, as far as they do; the words after it are its arguments. */
export function commandOf(program: Command, words: readonly string[]): Command {
  const [first, ...rest] = words;
  const command = program.commands.find(candidate => candidate.name() === first?.toLowerCase());
  return command === undefined ? program : commandOf(command, rest);
}

/** `mdt model info`. */
export function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

/** The text a verb was declared with; undefined for commander's own `help`. */
export function verbText(command: Command): VerbText | undefined {
  return texts.get(command);
}

/** What follows the name of a verb: `[options] <variable> <value>`. */
export function usageOf(command: Command): string {
  const hasOptions = command.options.some(option => !option.hidden);
  const verbs = command.commands.length === 0 ? [] : ['<command>'];
  return [...(hasOptions ? ['[options]'] : []), ...verbs, ...command.registeredArguments.map(argumentTerm)].join(' ');
}

/** `<file>`, `[board]`, `<words...>`. */
export function argumentTerm(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
