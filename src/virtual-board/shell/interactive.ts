import { AbortedError } from '../../errors.js';
import { HOME } from '../root-tree.js';
import { readLine } from './builtin-read.js';
import { ExitSignal, LoopSignal, ReturnSignal } from './control-flow.js';
import { parseScript } from './parse.js';
import { sharedAny } from './shared-signal.js';
import type { Running, Shell } from './shell.js';
import { signalStatus } from './signals.js';
import { BrokenPipeError } from './streams.js';
import { ShellSyntaxError } from './syntax.js';

/** Prompt, a command, run it, again; until `exit` or the end of the input. Ctrl-C ends only what runs. */
export async function runInteractive(shell: Shell, running: Running): Promise<number> {
  for (;;) {
    try {
      const text = await interruptible(shell, running, inner => readCommand(shell, inner));
      if (text === undefined) {
        await write(running, 'exit\n');
        return shell.state.lastStatus;
      }
      if (text.trim() !== '') await interruptible(shell, running, inner => runLine(shell, text, inner));
    } catch (error) {
      if (error instanceof ExitSignal) return error.status;
      if (error instanceof BrokenPipeError) return 1;
      throw error;
    }
  }
}

/** Runs `work` until Ctrl-C; then the status is that of SIGINT and the result undefined. */
async function interruptible<T>(shell: Shell, running: Running, work: (inner: Running) => Promise<T>): Promise<T | ''> {
  const { terminal } = shell.session;
  const controller = new AbortController();
  if (terminal !== undefined) {
    terminal.onInterrupt = () => {
      controller.abort('INT');
    };
  }
  try {
    return await work({ ...running, signal: sharedAny(running.signal, controller.signal) });
  } catch (error) {
    if (!(error instanceof AbortedError) || running.signal.aborted) throw error;
    shell.state.lastStatus = signalStatus(controller.signal.reason);
    return '';
  }
}

/** One command, which may take several lines; undefined at the end of the input. */
async function readCommand(shell: Shell, running: Running): Promise<string | undefined> {
  await write(running, prompt(shell));
  let text = '';
  for (;;) {
    const line = await readLine(running.streams.stdin, running.signal);
    if (line === undefined) return text === '' ? undefined : text;
    text += line.text;
    if (!isIncomplete(text)) return text;
    await write(running, shell.state.variables.get('PS2') ?? '> ');
  }
}

async function runLine(shell: Shell, text: string, running: Running): Promise<void> {
  try {
    shell.state.lastStatus = await shell.run(parseScript(text), running);
  } catch (error) {
    if (error instanceof ShellSyntaxError) {
      await shell.complain(`Syntax error: ${error.message}`, running);
      shell.state.lastStatus = 2;
    } else if (error instanceof LoopSignal || error instanceof ReturnSignal) {
      shell.state.lastStatus = 0;
    } else {
      throw error;
    }
  }
}

function isIncomplete(text: string): boolean {
  try {
    parseScript(text);
    return false;
  } catch (error) {
    return error instanceof ShellSyntaxError && error.isIncomplete;
  }
}

/** `PS1` is taken as it is, without bash's backslashes. */
function prompt({ session, state }: Shell): string {
  const own = state.variables.get('PS1');
  if (own !== undefined) return own;
  const folder =
    state.cwd === HOME || state.cwd.startsWith(`${HOME}/`) ? `~${state.cwd.slice(HOME.length)}` : state.cwd;
  return `${state.user}@${session.board.name}:${folder}${state.user === 'root' ? '#' : '$'} `;
}

async function write({ streams, signal }: Running, text: string): Promise<void> {
  await streams.stderr.write(Buffer.from(text), signal);
}
