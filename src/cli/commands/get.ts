import type { Command } from 'commander';
import { resolveSetting, type Setting } from '../../config/settings.js';
import { isKnownVariable, listVariables, readVariable, VARIABLES } from '../../config/variables.js';
import type { Cli } from '../cli.js';
import { jsonOption } from '../options.js';
import { printJson } from '../output/json.js';
import { renderTable } from '../output/table.js';
import { addVerb } from '../verb.js';
import { variableArgument, warnIfUnknown } from './set.js';

interface Variable extends Setting {
  readonly name: string;
}

export function addGet(program: Command, cli: Cli): void {
  addVerb(program, 'get', {
    group: 'settings',
    summary: 'print variables',
    details: 'Print one variable or all, with where each value comes from.',
    examples: [['mdt get preferred-device', 'print which board is used when none is named']],
  })
    .addArgument(variableArgument('[variable]'))
    .addOption(jsonOption())
    .action(async (name: string | undefined, options: { json?: true }) => {
      const variables = name === undefined ? await readAll(cli) : [await readOne(cli, name)];
      if (options.json) printJson(cli, variables.map(describe));
      else if (cli.printer.interactive) printTable(cli, variables);
      else printAsMdt(cli, variables, name);
    });
}

async function readOne(cli: Cli, name: string): Promise<Variable> {
  const { paths, environment } = cli.host;
  if (isKnownVariable(name)) return { name, ...(await resolveSetting(name, paths, environment)) };
  const value = await readVariable(paths.attribsDir, name);
  if (value === undefined) warnIfUnknown(cli, name);
  return { name, value, source: value === undefined ? 'default' : 'variable' };
}

async function readAll(cli: Cli): Promise<Variable[]> {
  const stored = [...(await listVariables(cli.host.paths.attribsDir)).keys()];
  const names = [...Object.keys(VARIABLES), ...stored.filter(name => !isKnownVariable(name))];
  return await Promise.all(names.map(async name => await readOne(cli, name)));
}

/** Schema of `mdt get --json`: an array of these. `value` is null where there is none. */
function describe({ name, value, source }: Variable): Record<string, string | null> {
  return { name, value: value ?? null, source };
}

function printTable(cli: Cli, variables: readonly Variable[]): void {
  const rows = variables.map(({ name, value, source }) => [name, value ?? '', value === undefined ? 'unset' : source]);
  for (const line of renderTable(['VARIABLE', 'VALUE', 'FROM'], rows, text => cli.printer.onStdout('bold', text))) {
    cli.printer.line(line);
  }
}

/** The lines of Python MDT, which knows no defaults here: scripts look for `is unset`. */
function printAsMdt(cli: Cli, variables: readonly Variable[], asked: string | undefined): void {
  const set = variables.filter(({ source }) => source !== 'default');
  for (const { name, value } of set) cli.printer.line(`${name} is ${value ?? ''}`);
  if (set.length > 0) return;
  cli.printer.line(asked === undefined ? 'No variables are set.' : `${asked} is unset`);
}
