import type { Command, Option } from 'commander';
import { OVERRIDE_VARIABLES } from '../config/environment.js';
import { EXIT_CODES } from '../errors.js';
import { GROUPS, nameOf, usageOf, verbsBelow, verbText } from './verb.js';

const EXIT_MEANINGS: Record<keyof typeof EXIT_CODES, string> = {
  bug: 'mdt itself has failed; please report it',
  usage: 'the command line or an argument is wrong',
  'not-found': 'no board was found, or several match',
  unauthorised: 'the board does not trust this host, or shows another host key than before',
  io: 'the connection or a file failed',
  'bad-response': 'the board answered something that its protocol does not allow',
  refused: 'the board understood and said no',
  timeout: 'no answer in time',
  aborted: 'interrupted from the keyboard (143: terminated)',
};

const FILES = [
  ['~/.config/mdt/attribs/', 'the variables, one file each'],
  ['~/.config/mdt/keys/mdt.key', 'the private key of this host'],
  ['~/.config/mdt/known_boards.json', 'boards that were used: their host keys and last addresses'],
] as const;

/** The manual page mdt(1), made from the command tree, in the macros of man(7). */
export function manPage(program: Command): string {
  const verbs = verbsBelow(program);
  const lines = [
    `.TH MDT 1 "" "mdt ${MDT_VERSION}" "User Commands"`,
    '.SH NAME',
    escape(`mdt - ${program.description().replace(/\.$/, '').replace(/^F/, 'f')}`),
    '.SH SYNOPSIS',
    '.B mdt',
    escape('[-d board] command [argument ...]'),
    '.SH OPTIONS',
    ...program.options.flatMap(optionEntry),
    '.SH COMMANDS',
    ...Object.entries(GROUPS).flatMap(([group, heading]) => [
      `.SS ${escape(heading.replace(/:$/, ''))}`,
      ...verbs.filter(verb => verbText(verb)?.group === group).flatMap(verbEntry),
    ]),
    ...closingSections(),
  ];
  return `${lines.join('\n')}\n`;
}

function verbEntry(verb: Command): string[] {
  const examples = (verbText(verb)?.examples ?? []).flatMap(([line, meaning]) => [
    '.IP',
    `.B ${escape(line)}`,
    '.br',
    escape(meaning),
  ]);
  const options = verb.options.filter(option => !option.hidden);
  return [
    '.TP',
    `.B ${escape(`${nameOf(verb)} ${usageOf(verb)}`.trim())}`,
    escape(verb.description()),
    ...(options.length === 0 ? [] : ['.RS', ...options.flatMap(optionEntry), '.RE']),
    ...examples,
  ];
}

function optionEntry({ flags, description, argChoices, defaultValue, defaultValueDescription }: Option): string[] {
  const usual: unknown = defaultValueDescription ?? defaultValue;
  const facts = [
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(', ')}`]),
    ...(typeof usual === 'string' || typeof usual === 'number' ? [`default: ${String(usual)}`] : []),
  ];
  const text = facts.length === 0 ? description : `${description} (${facts.join('; ')})`;
  return ['.TP', `.B ${escape(flags)}`, escape(text)];
}

function closingSections(): string[] {
  const entries = (rows: readonly (readonly [string, string])[]): string[] =>
    rows.flatMap(([term, meaning]) => ['.TP', `.B ${escape(term)}`, escape(meaning)]);
  return [
    '.SH EXIT STATUS',
    'mdt exec and mdt shell end with the exit code of the remote command, 128 and the number of the signal that ended it,',
    'or 255 where the connection failed. The other commands:',
    ...entries([
      ['0', 'done'],
      ...Object.entries(EXIT_MEANINGS).map(([family, meaning]): [string, string] => [
        String(EXIT_CODES[family as keyof typeof EXIT_CODES]),
        meaning,
      ]),
    ]),
    '.SH ENVIRONMENT',
    ...entries([
      ...Object.entries(OVERRIDE_VARIABLES).map(([setting, name]): [string, string] => [
        name,
        `in place of the variable ${setting}`,
      ]),
      ['MDT_CONFIG_DIR', 'folder of settings and keys, in place of ~/.config/mdt'],
      ['NO_COLOR, CI', 'no colours; with CI also no progress and no questions'],
      ['MDT_DEBUG', 'print the stack of every error'],
    ]),
    '.SH FILES',
    ...entries(FILES),
  ];
}

/** Text as roff takes it: no macro at the start of a line, hyphens as typed, backslashes as themselves. */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll('…', '...')
    .replace(/^([.'])/gm, '\\&$1')
    .replaceAll('\n', '\n.br\n');
}
