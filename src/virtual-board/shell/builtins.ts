import { ExitSignal, KilledSignal, LoopSignal, ReturnSignal } from './control-flow.js';
import { readBuiltin } from './builtin-read.js';
import { setBuiltin } from './builtin-set.js';
import { absolutePath, isFileError } from './program.js';
import { findProgram, runProgram } from './run-program.js';
import type { Running, Shell } from './shell.js';
import { signalName } from './signals.js';
import { errnoText } from '../storage/errno.js';

/** A command that works on the shell itself. */
export interface BuiltinCall {
  readonly shell: Shell;
  readonly running: Running;
  readonly name: string;
  readonly args: readonly string[];
}

export type Builtin = (call: BuiltinCall) => Promise<number> | number;

const RESERVED = new Set([
  'if',
  'then',
  'else',
  'elif',
  'fi',
  'for',
  'while',
  'until',
  'do',
  'done',
  'case',
  'esac',
  '{',
  '}',
  '!',
]);

export const builtins: Readonly<Record<string, Builtin>> = {
  ':': () => 0,
  '.': source,
  break: ({ name, args }) => leaveLoop(name, args),
  cd: changeFolder,
  command: commandBuiltin,
  continue: ({ name, args }) => leaveLoop(name, args),
  eval: ({ shell, running, args }) => shell.evaluate(args.join(' '), running),
  exec: async ({ shell, running, args }) => {
    if (args.length === 0) return 0;
    throw new ExitSignal(await runProgram(shell, args, { running, environment: shell.state.environment() }));
  },
  exit: ({ shell, args }) => {
    throw new ExitSignal(Number(args[0] ?? shell.state.lastStatus) & 255);
  },
  export: exportBuiltin,
  hash: () => 0,
  kill,
  local: ({ shell, args }) => assignAll(shell, args),
  pwd: ({ shell, running }) => print(running, `${shell.state.cwd}\n`),
  read: readBuiltin,
  readonly: ({ shell, args }) => assignAll(shell, args),
  return: ({ shell, args }) => {
    throw new ReturnSignal(Number(args[0] ?? shell.state.lastStatus) & 255);
  },
  set: setBuiltin,
  shift: ({ shell, args }) => {
    shell.state.positional = shell.state.positional.slice(Number(args[0] ?? 1));
    return 0;
  },
  source,
  trap,
  type: typeBuiltin,
  ulimit: ({ running }) => print(running, 'unlimited\n'),
  umask: ({ running, args }) => (args.length === 0 ? print(running, '0022\n') : 0),
  unset: ({ shell, args }) => {
    for (const name of args) {
      shell.state.variables.delete(name);
      shell.state.exported.delete(name);
      shell.state.functions.delete(name);
    }
    return 0;
  },
  wait: ({ shell, args }) => shell.session.jobs.wait(args[0] === undefined ? undefined : Number(args[0])),
};

async function print(running: Running, text: string): Promise<number> {
  await running.streams.stdout.write(Buffer.from(text), running.signal);
  return 0;
}

async function changeFolder({ shell, running, args }: BuiltinCall): Promise<number> {
  const { state } = shell;
  const target = args.find(arg => !/^-(?:[LP]|-)$/.test(arg)) ?? state.parameter('HOME') ?? '/';
  const path = target === '-' ? (state.parameter('OLDPWD') ?? state.cwd) : absolutePath(state.cwd, target);
  try {
    const resolved = await shell.files.realpath(path);
    if (!(await shell.files.stat(resolved)).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    state.export('OLDPWD', state.cwd);
    state.cwd = resolved;
    state.export('PWD', resolved);
    return target === '-' ? await print(running, `${resolved}\n`) : 0;
  } catch (error) {
    if (!isFileError(error)) throw error;
    const reason = state.flavour === 'sh' ? `can't cd to ${target}` : `${target}: ${errnoText(error)}`;
    await shell.complain(`cd: ${reason}`, running);
    return state.flavour === 'sh' ? 2 : 1;
  }
}

async function source({ shell, running, name, args }: BuiltinCall): Promise<number> {
  const path = args[0] ?? '';
  try {
    const text = (await shell.files.readFile(absolutePath(shell.state.cwd, path))).toString();
    return await shell.evaluate(text, running);
  } catch (error) {
    if (!isFileError(error)) throw error;
    await shell.complain(`${name}: ${path}: ${errnoText(error)}`, running);
    return 1;
  }
}

function leaveLoop(name: string, args: readonly string[]): never {
  throw new LoopSignal(name === 'break' ? 'break' : 'continue', Math.max(1, Number(args[0] ?? 1)));
}

async function exportBuiltin({ shell, running, args }: BuiltinCall): Promise<number> {
  const names = args.filter(arg => arg !== '-p');
  if (names.length === 0) {
    const lines = [...shell.state.environment()].map(([name, value]) => `export ${name}='${value}'\n`);
    return print(running, lines.join(''));
  }
  const status = assignAll(shell, names);
  for (const name of names) shell.state.exported.add(nameOf(name));
  return status;
}

function assignAll(shell: Shell, args: readonly string[]): number {
  for (const arg of args) {
    const equals = arg.indexOf('=');
    if (equals > 0) shell.state.variables.set(nameOf(arg), arg.slice(equals + 1));
  }
  return 0;
}

function nameOf(assignment: string): string {
  return assignment.split('=', 1)[0] ?? '';
}

async function commandBuiltin({ shell, running, args }: BuiltinCall): Promise<number> {
  const [option, ...names] = args;
  if (option !== '-v' && option !== '-V') {
    const words = option === '-p' || option === '--' ? names : args;
    const [name = '', ...rest] = words;
    const builtin = Object.hasOwn(builtins, name) ? builtins[name] : undefined;
    if (builtin !== undefined) return builtin({ shell, running, name, args: rest });
    return words.length === 0 ? 0 : runProgram(shell, words, { running, environment: shell.state.environment() });
  }
  for (const name of names) {
    const place = await placeOf(shell, name);
    if (place === undefined) return 127;
    await print(running, option === '-V' ? `${name} is ${place}\n` : `${place}\n`);
  }
  return 0;
}

async function typeBuiltin({ shell, running, args }: BuiltinCall): Promise<number> {
  for (const name of args) {
    const place = await placeOf(shell, name);
    if (place === undefined) {
      await shell.complain(`type: ${name}: not found`, running);
      return shell.state.flavour === 'sh' ? 127 : 1;
    }
    await print(running, place === name ? `${name} is a shell builtin\n` : `${name} is ${place}\n`);
  }
  return 0;
}

async function placeOf(shell: Shell, name: string): Promise<string | undefined> {
  const isOwn = Object.hasOwn(builtins, name) || shell.state.functions.has(name) || RESERVED.has(name);
  return isOwn ? name : findProgram(shell, name);
}

/** `trap [SCRIPT|-] CONDITION…`; without a condition it lists them. */
async function trap({ shell, running, args }: BuiltinCall): Promise<number> {
  const words = args[0] === '--' ? args.slice(1) : args;
  const { traps } = shell.state;
  if (words.length === 0) {
    return print(running, [...traps].map(([name, script]) => `trap -- '${script}' ${name}\n`).join(''));
  }
  const [script = '', ...conditions] = words.length === 1 ? ['-', ...words] : words;
  for (const condition of conditions) {
    const name = condition === '0' ? 'EXIT' : (signalName(condition) ?? condition);
    if (script === '-') traps.delete(name);
    else traps.set(name, script);
  }
  return 0;
}

async function kill({ shell, running, args }: BuiltinCall): Promise<number> {
  const [option = '', ...rest] = args;
  const hasSignal = option.startsWith('-');
  const signal = hasSignal ? signalName(option === '-s' ? (rest.shift() ?? '') : option.slice(1)) : 'TERM';
  const ids = hasSignal ? rest : args;
  let status = ids.length === 0 || (signal === undefined && option !== '-0') ? 1 : 0;
  for (const id of ids) {
    if (signal !== undefined && id === String(shell.state.pid)) {
      status = await killSelf(shell, running, signal);
      continue;
    }
    if (signal !== undefined && shell.session.jobs.kill(Number(id.replace(/^%/, '')), signal)) continue;
    await shell.complain(`kill: (${id}) - No such process`, running);
    status = 1;
  }
  return status;
}

async function killSelf(shell: Shell, running: Running, signal: string): Promise<number> {
  const trap = shell.state.traps.get(signal);
  if (trap === undefined || signal === 'KILL') throw new KilledSignal(shell.state.pid, signal);
  return trap === '' ? 0 : shell.evaluate(trap, running);
}
