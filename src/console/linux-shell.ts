import { BoardRefusedError, ProtocolError, TransportError } from '../errors.js';
import type { Deadline } from '../time/deadline.js';
import type { LongOperation } from '../time/progress.js';
import type { Dialogue, Found, Patterns } from './dialogue.js';
import { LOGIN_PROMPT, SHELL_LEFT, SHELL_PROMPT } from './prompts.js';

/** Longest line that a terminal takes in one piece, its end included (N_TTY, `termios(3)`). */
const MAX_LINE_BYTES = 4095;
const START_TIMEOUT_MS = 20_000;
const COMMAND_TIMEOUT_MS = 60_000;

export interface OpenShellOptions extends LongOperation {
  readonly username: string;
  /** Somebody else has logged in, so that logging out is not ours to do. */
  readonly wasLoggedIn: boolean;
}

export interface ShellResult {
  /** Standard output and error as they came, with LF alone at the end of lines. Nothing of it is safe to print yet. */
  readonly output: string;
  readonly code: number;
}

export interface RunOptions {
  /** What is done, as it reads after "Timed out while …". */
  readonly operation: string;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The board restarted under a command, or somebody logged out. What the board says stays to be read. */
export class ShellLeftError extends TransportError {
  constructor(port: string, operation: string) {
    super(`The shell on ${port} ended while ${operation}: the board restarted, or somebody logged out.`, {
      hint: 'Wait until the board has booted, then run the command again.',
      facts: { port },
    });
  }
}

let lastMark = 0;

/**
 * Starts a plain `sh` in the shell that answers on the console, without echo and prompt, so that what comes back is what
 * commands say. A shell of root becomes one of `username`. @throws BoardRefusedError, TimeoutError, TransportError
 */
export async function openShell(dialogue: Dialogue, options: OpenShellOptions): Promise<ConsoleShell> {
  const { username, signal } = options;
  const deadline = { operation: 'starting a shell on the console', timeoutMs: START_TIMEOUT_MS, signal };
  const [started, ready] = [mark(), mark()];
  dialogue.forgetRest();
  // Ctrl-U takes away what somebody has left on the line; the blank keeps ours out of the history.
  await dialogue.send(`\x15 PS1=${started.typed}: sh\r`);
  await dialogue.expect({ lineEnd: /\n/ }, deadline);
  // Only a shell that reads already reads lines: what is typed before, it gets as the one before it had set the terminal.
  await dialogue.expect({ own: new RegExp(`^${started.printed}:`, 'm'), plain: SHELL_PROMPT }, deadline);
  await dialogue.send(`PS1= PS2=; stty -echo; echo ${ready.typed} $(id -un)\r`);
  const { match } = await dialogue.expect({ ready: new RegExp(`${ready.printed} (\\S*)\\n`) }, deadline);
  const shell = new ConsoleShell(dialogue, options.wasLoggedIn ? ['exit'] : ['exit', 'exit']);
  const user = match[1] ?? '';
  if (user === username) return shell;
  if (user !== 'root') {
    await shell[Symbol.asyncDispose]();
    throw new BoardRefusedError(`Somebody is logged in on ${dialogue.port.name}, and not as ${username}.`, {
      hint: `Log out there with \`mdt console ${dialogue.port.name}\` and \`exit\`, then run the command again.`,
      facts: { user },
    });
  }
  const inner = mark();
  await dialogue.send(`su -s /bin/sh ${username}\r`);
  await dialogue.send(`PS1= PS2=; cd; echo ${inner.typed}\r`);
  await dialogue.expect({ ready: new RegExp(`${inner.printed}\\n`) }, deadline);
  return new ConsoleShell(dialogue, ['exit', ...shell.farewell]);
}

/** A shell on a console that runs one command after the other. Disposing it leaves the console as it was found. */
export class ConsoleShell implements AsyncDisposable {
  /** What leads back, line by line. */
  readonly farewell: readonly string[];
  readonly #dialogue: Dialogue;
  #isClosed = false;

  constructor(dialogue: Dialogue, farewell: readonly string[]) {
    this.#dialogue = dialogue;
    this.farewell = farewell;
  }

  /**
   * Runs one line of POSIX shell, with nothing to read. The variables it sets are gone after it.
   * @throws ShellLeftError, TimeoutError, TransportError, AbortedError; RangeError if the line is longer than a terminal
   * takes
   */
  async run(command: string, options: RunOptions): Promise<ShellResult> {
    const [begin, end] = [mark(), mark()];
    const line = `echo ${begin.typed}; (${command}) </dev/null 2>&1; echo ${end.typed}:$?\r`;
    if (command.includes('\n') || Buffer.byteLength(line) > MAX_LINE_BYTES) {
      throw new RangeError('A command on the console has to be one line of at most 4000 bytes.');
    }
    const { operation, timeoutMs = COMMAND_TIMEOUT_MS, signal } = options;
    await this.#dialogue.send(line);
    const deadline = { operation, timeoutMs, signal };
    await this.#answer({ begin: new RegExp(`${begin.printed}\\n`) }, deadline);
    const { before, match } = await this.#answer({ end: new RegExp(`${end.printed}:(\\d+)\\n`) }, deadline);
    return { output: before, code: Number(match[1]) };
  }

  /** The output of a command that has to succeed. @throws ProtocolError with what it said, and as `run` */
  async mustRun(command: string, options: RunOptions): Promise<string> {
    const { output, code } = await this.run(command, options);
    if (code === 0) return output;
    throw new ProtocolError(`The board failed at ${options.operation} (exit code ${String(code)}).`, {
      hint: output.trim() === '' ? undefined : output.trim().slice(-300),
      facts: { command, output, code },
    });
  }

  /** Of a board that restarts no answer will come. */
  async #answer<Name extends string>(patterns: Patterns<Name>, deadline: Deadline): Promise<Found<Name | 'left'>> {
    const found = await this.#dialogue.expect<Name | 'left'>({ ...patterns, left: SHELL_LEFT }, deadline);
    if (found.name !== 'left') return found;
    // Its farewell would be typed into what comes next.
    this.#isClosed = true;
    throw new ShellLeftError(this.#dialogue.port.name, deadline.operation);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const [first = '', ...rest] = this.farewell;
    try {
      // The terminal belongs to the next user: with echo, and with nobody logged in who was not.
      await this.#dialogue.send([`stty echo; ${first}`, ...rest, ''].join('\r'));
      if (rest.length > 0) await this.#dialogue.poll({ login: LOGIN_PROMPT }, { waitMs: 5000 });
    } catch {
      // The port has gone, which whoever used the shell has been told.
    }
  }
}

/** A word that is typed otherwise than it is printed, so that an echo is not taken for it. */
function mark(): { readonly typed: string; readonly printed: string } {
  const number = String(++lastMark);
  return { typed: `mdt-""mark-${number}`, printed: `mdt-mark-${number}` };
}
