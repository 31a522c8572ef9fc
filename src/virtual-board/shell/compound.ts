import { LoopSignal } from './control-flow.js';
import { expandText, expandToPattern, expandWords } from './expand.js';
import { patternMatcher } from './pattern.js';
import type { Running, Shell } from './shell.js';
import type { Choice, Command, Script } from './syntax.js';

type Compound = Exclude<Command, { kind: 'simple' }>;
type Of<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>;

/** Runs `if`, loops, groups and the like; their redirections are made already. */
export async function runCompound(shell: Shell, command: Compound, running: Running): Promise<number> {
  switch (command.kind) {
    case 'group':
      return shell.run(command.body, running);
    case 'subshell':
      return shell.runSubshell(command.body, running);
    case 'if':
      return runIf(shell, command, running);
    case 'while':
    case 'until':
      return runWhile(shell, command, running);
    case 'for':
      return runFor(shell, command, running);
    case 'case':
      return runCase(shell, command, running);
    case 'function':
      shell.state.functions.set(command.name, command.body);
      return 0;
  }
}

async function runIf(shell: Shell, command: Of<'if'>, running: Running): Promise<number> {
  for (const { condition, body } of command.branches) {
    if ((await shell.run(condition, { ...running, isCondition: true })) === 0) return shell.run(body, running);
  }
  return command.otherwise === undefined ? 0 : shell.run(command.otherwise, running);
}

async function runWhile(shell: Shell, command: Of<'while' | 'until'>, running: Running): Promise<number> {
  const wanted = command.kind === 'while';
  let status = 0;
  for (;;) {
    const condition = await shell.run(command.condition, { ...running, isCondition: true });
    if ((condition === 0) !== wanted) return status;
    const round = await runRound(shell, command.body, running);
    if (round === 'break') return 0;
    status = round;
    // A loop of builtins alone never waits for anything: let the rest of the board live.
    await nextTurn();
  }
}

async function runFor(shell: Shell, command: Of<'for'>, running: Running): Promise<number> {
  const words =
    command.words === undefined ? shell.state.positional : await expandWords(shell.expander(running), command.words);
  let status = 0;
  for (const word of words) {
    shell.state.variables.set(command.name, word);
    const round = await runRound(shell, command.body, running);
    if (round === 'break') return 0;
    status = round;
  }
  return status;
}

async function runRound(shell: Shell, body: Script, running: Running): Promise<number | 'break'> {
  try {
    return await shell.run(body, running);
  } catch (error) {
    if (!(error instanceof LoopSignal)) throw error;
    if (error.levels > 1) throw new LoopSignal(error.kind, error.levels - 1);
    return error.kind === 'break' ? 'break' : 0;
  }
}

async function runCase(shell: Shell, command: Of<'case'>, running: Running): Promise<number> {
  const text = await expandText(shell.expander(running), command.word);
  for (const choice of command.choices) {
    if (await isChosen(shell, choice, text, running)) return shell.run(choice.body, running);
  }
  return 0;
}

async function isChosen(shell: Shell, choice: Choice, text: string, running: Running): Promise<boolean> {
  for (const pattern of choice.patterns) {
    if (patternMatcher(await expandToPattern(shell.expander(running), pattern))(text)) return true;
  }
  return false;
}

function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
