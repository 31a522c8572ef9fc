import { Option, type Argument, type Command } from 'commander';

/** The headings under which `mdt help` lists the verbs, in their order. */
export const GROUPS = {
  finding: 'Finding boards:',
  pairing: 'Pairing and keys:',
  talking: 'Talking to a board:',
  files: 'Files and packages:',
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

/** The text a verb was declared with; undefined for commander's own `help`. */
export function verbText(command: Command): VerbText | undefined {
  return texts.get(command);
}

/** What follows the name of a verb: `[options] <variable> <value>`. */
export function usageOf(command: Command): string {
  const hasOptions = command.options.some(option => !option.hidden);
  return [...(hasOptions ? ['[options]'] : []), ...command.registeredArguments.map(argumentTerm)].join(' ');
}

/** `<file>`, `[board]`, `<words...>`. */
export function argumentTerm(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
