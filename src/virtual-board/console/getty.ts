import type { Duplex } from 'node:stream';
import { AbortedError } from '../../errors.js';
import type { Board, BoardControl } from '../board.js';
import { loginState } from '../login.js';
import { readLine } from '../shell/builtin-read.js';
import { KilledSignal } from '../shell/control-flow.js';
import { runInteractive } from '../shell/interactive.js';
import { Interpreter } from '../shell/interpreter.js';
import { JobTable } from '../shell/jobs.js';
import { PseudoTerminal } from '../shell/pseudo-terminal.js';
import type { Running } from '../shell/shell.js';
import { BrokenPipeError } from '../shell/streams.js';

const USER = 'mendel';
const PASSWORD = 'mendel';
const SIZE = { columns: 80, rows: 24 };

/** The login on a board's serial console: asks for name and password, runs a shell, and asks again; until it is off. */
export async function serveLogin(board: Board, control: BoardControl, channel: Duplex): Promise<void> {
  const terminal = new PseudoTerminal(channel, SIZE);
  try {
    for (;;) {
      await logIn(board, terminal);
      await runLoginShell(board, control, terminal);
    }
  } catch (error) {
    // The board went down, or another program has the line.
    if (!(error instanceof AbortedError || error instanceof BrokenPipeError)) throw error;
  }
}

async function logIn(board: Board, terminal: PseudoTerminal): Promise<void> {
  const signal = board.poweredOff;
  const print = (text: string): Promise<void> => terminal.output.write(Buffer.from(text), signal);
  const ask = async (question: string): Promise<string> => {
    await print(question);
    const line = await readLine(terminal.input, signal);
    if (line === undefined && terminal.isClosed) throw new BrokenPipeError();
    return line?.text.replace(/\n$/, '') ?? '';
  };
  terminal.onInterrupt = () => undefined;
  await print(`\nMendel GNU/Linux (${board.release.name}) ${board.name} ttymxc0\n\n`);
  for (;;) {
    const name = (await ask(`${board.name} login: `)).trim();
    if (name === '') continue;
    terminal.echoes = false;
    const password = await ask('Password: ');
    terminal.echoes = true;
    await print('\n');
    if (name === USER && password === PASSWORD) return;
    await print('\nLogin incorrect\n');
  }
}

async function runLoginShell(board: Board, control: BoardControl, terminal: PseudoTerminal): Promise<void> {
  const jobs = new JobTable(board.poweredOff);
  const shell = new Interpreter({ board, control, jobs, terminal }, loginState(new Map(), 'vt220'));
  const streams = { stdin: terminal.input, stdout: terminal.output, stderr: terminal.output };
  const running: Running = { streams, signal: board.poweredOff, isCondition: false };
  await terminal.output.write(Buffer.from(`Linux ${board.name} ${board.release.kernel} aarch64\n`), board.poweredOff);
  try {
    await runInteractive(shell, running);
  } catch (error) {
    // A shell that killed itself is at its end.
    if (!(error instanceof KilledSignal)) throw error;
  } finally {
    terminal.echoes = true;
    jobs.hangUp();
  }
  if (terminal.isClosed) throw new BrokenPipeError();
}
