import type { PseudoTtyInfo, ServerChannel } from 'ssh2';
import { AbortedError } from '../errors.js';
import { onAbort } from '../time/deadline.js';
import type { Board, BoardControl } from './board.js';
import { HOME } from './root-tree.js';
import { ChannelInput, ChannelOutput } from './shell/channel-streams.js';
import { KilledSignal } from './shell/control-flow.js';
import { runInteractive } from './shell/interactive.js';
import { Interpreter } from './shell/interpreter.js';
import { JobTable } from './shell/jobs.js';
import type { Streams } from './shell/program.js';
import { PseudoTerminal } from './shell/pseudo-terminal.js';
import { sharedController } from './shell/shared-signal.js';
import { ShellState } from './shell/shell-state.js';
import type { Running } from './shell/shell.js';
import { SIGNALS } from './shell/signals.js';
import type { TerminalSize } from './shell/terminal.js';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface LoginOptions {
  readonly board: Board;
  readonly control: BoardControl;
  /** What the client sent and the board took. */
  readonly environment: ReadonlyMap<string, string>;
  readonly channel: ServerChannel;
  readonly terminal: PseudoTtyInfo | undefined;
  /** Undefined: the login shell itself. */
  readonly command: string | undefined;
}

/** A command or shell that runs for a client. */
export interface Login {
  resize(size: TerminalSize): void;
  /** Sends it a signal by name without SIG. */
  interrupt(signalName: string): void;
}

type Ending = { readonly code: number } | { readonly signal: string };

/** Starts a login shell or a command in one; its end closes the channel, the channel's end ends it. */
export function startLogin(options: LoginOptions): Login {
  const { board, channel, command } = options;
  const controller = sharedController();
  const jobs = new JobTable(board.poweredOff);
  const terminal = options.terminal === undefined ? undefined : new PseudoTerminal(channel, sizeOf(options.terminal));
  const interrupt = (name: string): void => {
    controller.abort(name);
  };
  if (terminal !== undefined) {
    terminal.onInterrupt = () => {
      interrupt('INT');
    };
  }
  const stopListening = endWith(options, { interrupt, jobs });
  const shell = new Interpreter(
    { board, control: options.control, jobs, terminal },
    loginState(options.environment, terminalName(options)),
  );
  const running: Running = { streams: streamsOf(channel, terminal), signal: controller.signal, isCondition: false };
  const work = command === undefined ? runInteractive(shell, running) : shell.runText(command, running);
  void settle(work, controller.signal)
    .then(ending => finish(channel, ending, jobs))
    .finally(stopListening);
  return {
    resize: size => {
      if (terminal !== undefined) terminal.size = size;
    },
    interrupt,
  };
}

/** Ends a login with the board or with its channel; returns what takes the listener off the board again. */
function endWith(
  { board, channel }: LoginOptions,
  { interrupt, jobs }: { readonly interrupt: (name: string) => void; readonly jobs: JobTable },
): () => void {
  // The client may be gone at any time; what is written then goes nowhere.
  channel.on('error', () => undefined);
  channel.once('close', () => {
    interrupt('HUP');
    jobs.hangUp();
  });
  return onAbort(board.poweredOff, () => {
    interrupt('KILL');
  });
}

async function settle(work: Promise<number>, signal: AbortSignal): Promise<Ending> {
  try {
    return { code: await work };
  } catch (error) {
    if (error instanceof KilledSignal) return { signal: error.signalName };
    const name: unknown = signal.reason;
    if (error instanceof AbortedError && typeof name === 'string') return { signal: name in SIGNALS ? name : 'TERM' };
    return { code: 1 };
  }
}

/** As sshd: the exit status goes out first, the channel closes when no program holds it any more. */
async function finish(channel: ServerChannel, ending: Ending, jobs: JobTable): Promise<void> {
  if (channel.writable) {
    if ('code' in ending) channel.exit(ending.code);
    else channel.exit(ending.signal, false, '');
  }
  await jobs.released();
  channel.end();
}

/** Undefined without a pseudo-terminal. */
function terminalName({ terminal }: LoginOptions): string | undefined {
  return terminal && (terminal.term || 'vt100');
}

/** What a login shell begins with. */
export function loginState(environment: ReadonlyMap<string, string>, terminal: string | undefined): ShellState {
  const state = new ShellState('mendel', HOME, 'bash');
  const variables = { HOME, LOGNAME: 'mendel', PATH, PWD: HOME, SHELL: '/bin/bash', USER: 'mendel' };
  for (const [name, value] of Object.entries(variables)) state.export(name, value);
  for (const [name, value] of environment) state.export(name, value);
  if (terminal !== undefined) state.export('TERM', terminal);
  return state;
}

function streamsOf(channel: ServerChannel, terminal: PseudoTerminal | undefined): Streams {
  if (terminal !== undefined) return { stdin: terminal.input, stdout: terminal.output, stderr: terminal.output };
  return {
    stdin: new ChannelInput(channel),
    stdout: new ChannelOutput(channel),
    stderr: new ChannelOutput(channel.stderr),
  };
}

function sizeOf({ cols, rows }: PseudoTtyInfo): TerminalSize {
  return { columns: cols, rows };
}
