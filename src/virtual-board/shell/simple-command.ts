import { builtins } from './builtins.js';
import { ReturnSignal } from './control-flow.js';
import { expandText, expandWords } from './expand.js';
import { runProgram } from './run-program.js';
import { MAX_DEPTH } from './shell-state.js';
import type { Running, Shell } from './shell.js';
import type { Assignment, Command } from './syntax.js';

type Simple = Extract<Command, { kind: 'simple' }>;

/** Runs assignments, a builtin, a function or a program; redirections are made already. */
export async function runSimple(shell: Shell, command: Simple, running: Running): Promise<number> {
  const { state } = shell;
  const expander = shell.expander(running);
  state.substitutionStatus = 0;
  const words = await expandWords(expander, command.words);
  const assigned = await assignedValues(shell, command.assignments, running);
  const [name, ...args] = words;
  if (state.options.xtrace) await trace(assigned, words, running);
  if (name === undefined) {
    for (const [variable, value] of assigned) state.variables.set(variable, value);
    return state.substitutionStatus;
  }
  const body = state.functions.get(name);
  if (body !== undefined) return withAssigned(shell, assigned, () => callFunction(shell, { body, args }, running));
  const builtin = Object.hasOwn(builtins, name) ? builtins[name] : undefined;
  if (builtin !== undefined) return withAssigned(shell, assigned, async () => builtin({ shell, running, name, args }));
  return runProgram(shell, [name, ...args], { running, environment: new Map([...state.environment(), ...assigned]) });
}

async function assignedValues(
  shell: Shell,
  assignments: readonly Assignment[],
  running: Running,
): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (const { name, value } of assignments) values.set(name, await expandText(shell.expander(running), value));
  return values;
}

interface Call {
  readonly body: Command;
  readonly args: readonly string[];
}

/** Assignments before a function or a builtin hold for it alone. */
async function withAssigned(
  shell: Shell,
  assigned: ReadonlyMap<string, string>,
  work: () => Promise<number>,
): Promise<number> {
  const { variables } = shell.state;
  const before = [...assigned.keys()].map(name => [name, variables.get(name)] as const);
  for (const [name, value] of assigned) variables.set(name, value);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) variables.delete(name);
      else variables.set(name, value);
    }
  }
}

async function callFunction(shell: Shell, { body, args }: Call, running: Running): Promise<number> {
  const { state } = shell;
  if (state.depth >= MAX_DEPTH) {
    await shell.complain('maximum function recursion depth exceeded', running);
    return 1;
  }
  const outer = state.positional;
  state.positional = args;
  state.depth += 1;
  try {
    return await shell.runCommand(body, running);
  } catch (error) {
    if (error instanceof ReturnSignal) return error.status;
    throw error;
  } finally {
    state.positional = outer;
    state.depth -= 1;
  }
}

async function trace(assigned: ReadonlyMap<string, string>, words: readonly string[], running: Running): Promise<void> {
  const parts = [...[...assigned].map(([name, value]) => `${name}=${value}`), ...words];
  await running.streams.stderr.write(Buffer.from(`+ ${parts.join(' ')}\n`), running.signal);
}
