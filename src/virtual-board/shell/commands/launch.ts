import { AbortedError } from '../../../errors.js';
import { has, parseOptions, valueOf } from '../options.js';
import { ProgramError, type BoardProcess, type Program } from '../program.js';
import { sharedAny } from '../shared-signal.js';
import { signalStatus } from '../signals.js';
import { TextInput } from '../streams.js';

/** Programs that start another one. */
export const launchPrograms: Readonly<Record<string, Program>> = {
  env,
  nice: process => launchRest(process, 'n:'),
  nohup: process => launchRest(process, ''),
  printenv,
  setsid: process => launchRest(process, 'w'),
  sudo,
  timeout,
  xargs,
};

/** Runs what follows the program's own options. */
function launchRest(process: BoardProcess, letters: string): Promise<number> {
  const words = parseOptions(process.args, { letters, endsAtOperand: true }).operands;
  if (words.length === 0) throw new ProgramError('missing operand', 125);
  return process.options.launch(words, {});
}

async function env(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'iu:', long: { unset: 'u' }, endsAtOperand: true });
  const environment = new Map(has(options, 'i') ? [] : process.options.environment);
  for (const name of options.values.get('u') ?? []) environment.delete(name);
  const words = [...options.operands];
  takeAssignments(words, environment);
  if (words.length > 0) return process.options.launch(words, { environment });
  await process.print([...environment].map(([name, value]) => `${name}=${value}\n`).join(''));
  return 0;
}

async function printenv(process: BoardProcess): Promise<number> {
  if (process.args.length === 0) return env(process);
  let status = 0;
  for (const name of process.args) {
    const value = process.options.environment.get(name);
    if (value === undefined) status = 1;
    else await process.print(`${value}\n`);
  }
  return status;
}

/** Without a password, as on a board, unless a fault has it ask for one. */
async function sudo(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'u:g:iskKvnEHAbp:', endsAtOperand: true });
  if (process.board.faults.sudoPassword === true && !process.isRoot) {
    const reason = has(options, 'n')
      ? 'a password is required'
      : 'a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper';
    throw new ProgramError(reason);
  }
  if (has(options, 'kKv') && options.operands.length === 0) return 0;
  const user = valueOf(options, 'u') === 'mendel' ? 'mendel' : 'root';
  const words = [...options.operands];
  const environment = new Map(process.options.environment);
  takeAssignments(words, environment);
  environment.set('USER', user).set('LOGNAME', user).set('SUDO_USER', process.options.user);
  environment.set('HOME', user === 'root' ? '/root' : '/home/mendel');
  if (has(options, 'is')) words.unshift('bash', ...(words.length > 0 ? ['-c'] : []));
  if (words.length > 0) return process.options.launch(words, { user, environment });
  await process.options.stderr.write(Buffer.from('usage: sudo [-u user] command\n'), process.signal);
  return 1;
}

/** Takes `NAME=value` words off the front. */
function takeAssignments(words: string[], environment: Map<string, string>): void {
  for (let word = words[0]; word !== undefined && /^[A-Za-z_]\w*=/.test(word); word = words[0]) {
    const [name = ''] = word.split('=', 1);
    environment.set(name, word.slice(name.length + 1));
    words.shift();
  }
}

async function timeout(process: BoardProcess): Promise<number> {
  const [duration = '', ...words] = parseOptions(process.args, { letters: 'k:s:', endsAtOperand: true }).operands;
  const match = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(duration);
  if (match === null) throw new ProgramError(`invalid time interval '${duration}'`, 125);
  if (words.length === 0) throw new ProgramError('missing operand', 125);
  const factor = match[2] === 'h' ? 3600 : match[2] === 'm' ? 60 : 1;
  const limit = AbortSignal.timeout(Math.min(Number(match[1]) * factor * 1000, 0x7fff_ffff));
  try {
    return await process.options.launch(words, { signal: sharedAny(process.signal, limit) });
  } catch (error) {
    if (!(error instanceof AbortedError)) throw error;
    return process.signal.aborted ? signalStatus(process.signal.reason) : 124;
  }
}

const MAX_INPUT_BYTES = 16 * 1024 * 1024;

async function xargs(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, {
    letters: '0rn:',
    long: { null: '0', 'no-run-if-empty': 'r', 'max-args': 'n' },
    endsAtOperand: true,
  });
  const separator = has(options, '0') ? /\0/ : /\s+/;
  const perCall = Math.max(1, Number(valueOf(options, 'n') ?? Infinity));
  const items = (await readInput(process)).split(separator).filter(item => item !== '');
  if (items.length === 0 && has(options, 'r')) return 0;
  const command = options.operands.length > 0 ? options.operands : ['echo'];
  let status = 0;
  for (let at = 0; at === 0 || at < items.length; at += perCall) {
    const code = await process.options.launch([...command, ...items.slice(at, at + perCall)], {
      stdin: new TextInput(),
    });
    if (code !== 0) status = 123;
  }
  return status;
}

async function readInput(process: BoardProcess): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.chunks()) {
    bytes += chunk.length;
    if (bytes > MAX_INPUT_BYTES) throw new ProgramError('argument list too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
