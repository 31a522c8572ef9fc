import { errnoText } from '../storage/errno.js';
import { applyFlags } from './builtin-set.js';
import { runInteractive } from './interactive.js';
import { absolutePath, isFileError } from './program.js';
import { ShellState, type ShellFlavour } from './shell-state.js';
import type { ProgramPlace, Running, Shell } from './shell.js';

const MAX_SCRIPT_BYTES = 16 * 1024 * 1024;

interface ShellCall {
  readonly flavour: ShellFlavour;
  readonly args: readonly string[];
}

/** `sh [-eux] [-c text | file | -s] [args]`; without a text or a file it reads its input. */
export async function runShell(shell: Shell, call: ShellCall, { running, environment }: ProgramPlace): Promise<number> {
  const state = childState(shell, call.flavour, environment);
  const child = shell.spawn(state);
  const args = [...call.args];
  const mode = takeFlags(state, args);
  if (mode.unknown !== undefined) {
    await child.complain(`${mode.unknown}: invalid option`, running);
    return 2;
  }
  if (mode.isText) return runGivenText(child, args, running);
  const file = mode.readsInput ? undefined : args.shift();
  state.positional = args;
  if (file !== undefined) return runFile(child, file, running);
  if (running.streams.stdin.isTerminal) return runInteractive(child, running);
  return child.runText(await readAll(running), running);
}

interface ShellMode {
  /** `-c`: the next word is the script. */
  readonly isText: boolean;
  /** `-s` */
  readonly readsInput: boolean;
  readonly unknown?: string;
}

/** Takes the shell's own flags off the front. */
function takeFlags(state: ShellState, args: string[]): ShellMode {
  let isText = false;
  let readsInput = false;
  while (/^[-+]./.test(args[0] ?? '')) {
    const flag = args.shift() ?? '';
    if (flag === '--') break;
    if (flag.startsWith('--')) continue;
    isText ||= /^-[^-]*c/.test(flag);
    readsInput ||= flag === '-s';
    const unknown = applyFlags(state.options, flag.replace(/[cisl]/g, ''), args[0]);
    if (unknown !== undefined) return { isText, readsInput, unknown };
    if (flag.includes('o')) args.shift();
  }
  return { isText, readsInput };
}

interface ScriptCall {
  readonly path: string;
  readonly name: string;
  readonly args: readonly string[];
}

/** Starts a file of the board: a shell script runs, anything else cannot. */
export async function runScriptFile(shell: Shell, call: ScriptCall, place: ProgramPlace): Promise<number> {
  const complain = async (text: string, status: number): Promise<number> => {
    await shell.complain(`${call.name}: ${text}`, place.running);
    return status;
  };
  const stats = await shell.files.stat(call.path);
  if (stats.isDirectory()) return complain('Is a directory', 126);
  if (process.platform !== 'win32' && (stats.mode & 0o111) === 0) return complain('Permission denied', 126);
  if (stats.size > MAX_SCRIPT_BYTES) return complain('Exec format error', 126);
  const content = await shell.files.readFile(call.path);
  if (content.subarray(0, 512).includes(0)) return complain('cannot execute binary file: Exec format error', 126);
  const text = content.toString();
  const interpreter = /^#!\s*(\S+)(?:[ \t]+(\S+))?/.exec(text);
  const program = interpreter?.[1]?.endsWith('/env') === true ? interpreter[2] : interpreter?.[1];
  const name = program?.replace(/^.*\//, '') ?? 'sh';
  if (!['sh', 'bash', 'dash'].includes(name)) {
    return complain(`${program ?? ''}: bad interpreter: a virtual board runs shell scripts only`, 126);
  }
  const state = childState(shell, name === 'bash' ? 'bash' : 'sh', place.environment);
  state.zero = call.name;
  state.positional = call.args;
  return shell.spawn(state).runText(text, place.running);
}

function childState(shell: Shell, flavour: ShellFlavour, environment: ReadonlyMap<string, string>): ShellState {
  const state = new ShellState(shell.state.user, shell.state.cwd, flavour);
  state.depth = shell.state.depth + 1;
  for (const [name, value] of environment) state.export(name, value);
  return state;
}

async function runGivenText(child: Shell, args: readonly string[], running: Running): Promise<number> {
  const [text, zero, ...positional] = args;
  if (text === undefined) {
    await child.complain('-c requires an argument', running);
    return 2;
  }
  child.state.zero = zero ?? child.state.zero;
  child.state.positional = positional;
  return child.runText(text, running);
}

async function runFile(child: Shell, file: string, running: Running): Promise<number> {
  try {
    const text = (await child.files.readFile(absolutePath(child.state.cwd, file))).toString();
    child.state.zero = file;
    return await child.runText(text, running);
  } catch (error) {
    if (!isFileError(error)) throw error;
    await child.complain(`${file}: ${errnoText(error)}`, running);
    return 127;
  }
}

async function readAll({ streams, signal }: Running): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const chunk = await streams.stdin.read(signal);
    if (chunk === undefined || bytes > MAX_SCRIPT_BYTES) return Buffer.concat(chunks).toString();
    chunks.push(chunk);
    bytes += chunk.length;
  }
}
