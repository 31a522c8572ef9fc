import { AbortedError } from '../../errors.js';
import type { BoardFileSystem } from '../storage/file-system.js';
import { runCompound } from './compound.js';
import { ExitSignal, KilledSignal, LoopSignal, ReturnSignal } from './control-flow.js';
import { ExpansionError } from './expand-parameter.js';
import type { Expander } from './expand.js';
import { parseScript } from './parse.js';
import { redirect, RedirectionError } from './redirect.js';
import type { Running, Session, Shell } from './shell.js';
import type { ShellState } from './shell-state.js';
import { runSimple } from './simple-command.js';
import { signalStatus } from './signals.js';
import { BrokenPipeError, CollectedOutput, NULL_OUTPUT, Pipe, TextInput } from './streams.js';
import { ShellSyntaxError, type AndOr, type Command, type Pipeline, type Script } from './syntax.js';

const MAX_SUBSTITUTION_BYTES = 16 * 1024 * 1024;
/** Exit status of a program that died of SIGPIPE. */
const BROKEN_PIPE_STATUS = 141;
const SYNTAX_ERROR_STATUS = 2;

/** Runs scripts on the board's files. */
export class Interpreter implements Shell {
  readonly session: Session;
  readonly state: ShellState;

  constructor(session: Session, state: ShellState) {
    this.session = session;
    this.state = state;
  }

  get files(): BoardFileSystem {
    return this.session.board.files.as(this.state.user);
  }

  spawn(state: ShellState): Shell {
    return new Interpreter(this.session, state);
  }

  async runText(text: string, running: Running): Promise<number> {
    let script: Script;
    try {
      script = parseScript(text);
    } catch (error) {
      if (!(error instanceof ShellSyntaxError)) throw error;
      await this.complain(`Syntax error: ${error.message}`, running);
      return SYNTAX_ERROR_STATUS;
    }
    return this.#runToExit(script, running);
  }

  async evaluate(text: string, running: Running): Promise<number> {
    try {
      return await this.run(parseScript(text), running);
    } catch (error) {
      if (!(error instanceof ShellSyntaxError)) throw error;
      await this.complain(`Syntax error: ${error.message}`, running);
      return SYNTAX_ERROR_STATUS;
    }
  }

  async run(script: Script, running: Running): Promise<number> {
    let status = 0;
    for (const item of script) {
      if (running.signal.aborted) throw new AbortedError({ cause: running.signal.reason });
      status = item.background ? this.#startInBackground(item, running) : await this.#andOr(item, running);
      this.state.lastStatus = status;
    }
    return status;
  }

  runSubshell(script: Script, running: Running): Promise<number> {
    return new Interpreter(this.session, this.state.copy()).#runToExit(script, running);
  }

  expander(running: Running): Expander {
    return {
      state: this.state,
      files: this.files,
      substitute: async script => {
        const output = new CollectedOutput(MAX_SUBSTITUTION_BYTES);
        const streams = { ...running.streams, stdout: output };
        this.state.substitutionStatus = await this.runSubshell(script, { ...running, streams, isCondition: false });
        return output.text().replace(/\n+$/, '');
      },
    };
  }

  async complain(text: string, running: Running): Promise<void> {
    await running.streams.stderr.write(Buffer.from(`${this.state.prefix}${text}\n`), running.signal);
  }

  async runCommand(command: Command, running: Running): Promise<number> {
    try {
      await using redirected = await redirect(this.expander(running), running.streams, command.redirections);
      const inner = { ...running, streams: redirected.streams };
      return command.kind === 'simple'
        ? await runSimple(this, command, inner)
        : await runCompound(this, command, inner);
    } catch (error) {
      if (error instanceof RedirectionError) {
        await this.complain(error.message, running);
        return this.state.flavour === 'sh' ? 2 : 1;
      }
      if (!(error instanceof ExpansionError)) throw error;
      await this.complain(error.message, running);
      throw new ExitSignal(this.state.flavour === 'sh' ? 2 : 1);
    }
  }

  /** Runs to the end or to `exit`, as a shell of its own; a broken pipe ends it as SIGPIPE would. */
  async #runToExit(script: Script, running: Running): Promise<number> {
    let status: number | undefined;
    try {
      status = await this.#statusOf(this.run(script, running));
      return status;
    } finally {
      const trap = this.state.traps.get('EXIT');
      if (trap !== undefined) await this.#runTrap(trap, running, status ?? signalStatus(running.signal.reason));
    }
  }

  async #statusOf(work: Promise<number>): Promise<number> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof ExitSignal || error instanceof ReturnSignal) return error.status;
      if (error instanceof LoopSignal) return 0;
      if (error instanceof BrokenPipeError) return BROKEN_PIPE_STATUS;
      if (error instanceof KilledSignal && this.#isKilledBy(error)) return signalStatus(error.signalName);
      throw error;
    }
  }

  /** The login shell itself passes it on, so that its end is told as that of a signal. */
  #isKilledBy({ pid }: KilledSignal): boolean {
    return pid === this.state.pid && !this.state.isSubshell && this.state.depth > 0;
  }

  /** Runs to its end even when the login is gone or goes, as the programs of a real board do, but not when the board goes down. */
  async #runTrap(text: string, running: Running, status: number): Promise<void> {
    this.state.traps.clear();
    this.state.lastStatus = status;
    const streams = running.signal.aborted
      ? { stdin: new TextInput(), stdout: NULL_OUTPUT, stderr: NULL_OUTPUT }
      : running.streams;
    const inTrap = { streams, signal: this.session.board.poweredOff, isCondition: true };
    await this.#statusOf(this.run(parseScript(text), inTrap)).catch(() => undefined);
  }

  async #andOr(item: AndOr, running: Running): Promise<number> {
    const pipelines = [{ operator: undefined, pipeline: item.first }, ...item.rest];
    let status = 0;
    for (const [index, { operator, pipeline }] of pipelines.entries()) {
      if (operator !== undefined && (operator === '&&') !== (status === 0)) continue;
      const isLast = index === pipelines.length - 1;
      const isCondition = running.isCondition || !isLast || pipeline.negated;
      status = await this.#pipeline(pipeline, { ...running, isCondition });
      this.state.lastStatus = status;
      if (status !== 0 && !isCondition && this.state.options.errexit) throw new ExitSignal(status);
    }
    return status;
  }

  async #pipeline(pipeline: Pipeline, running: Running): Promise<number> {
    const [only, second] = pipeline.commands;
    if (only === undefined) return 0;
    const status = second === undefined ? await this.runCommand(only, running) : await this.#piped(pipeline, running);
    return pipeline.negated ? Number(status === 0) : status;
  }

  /** Runs all commands at once, each in a shell of its own, joined by pipes. */
  async #piped({ commands }: Pipeline, running: Running): Promise<number> {
    const pipes = commands.slice(1).map(() => new Pipe());
    const stages = commands.map(async (command, index) => {
      const from = pipes[index - 1];
      const to = pipes[index];
      const stdin = from ?? running.streams.stdin;
      const streams = { ...running.streams, stdin, stdout: to ?? running.streams.stdout };
      try {
        const script = [{ first: { negated: false, commands: [command] }, rest: [], background: false }];
        return await this.runSubshell(script, { ...running, streams });
      } finally {
        from?.closeReader();
        to?.closeWriter();
      }
    });
    const results = await Promise.allSettled(stages);
    const failed = results.find(result => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    const statuses = results.map(result => (result.status === 'fulfilled' ? result.value : 0));
    if (this.state.options.pipefail) return statuses.findLast(status => status !== 0) ?? 0;
    return statuses.at(-1) ?? 0;
  }

  #startInBackground(item: AndOr, running: Running): number {
    const shell = new Interpreter(this.session, this.state.copy());
    const work = (signal: AbortSignal): Promise<number> =>
      shell.#runToExit([{ ...item, background: false }], { ...running, signal });
    const id = this.session.jobs.start(work, { holdsLogin: !writesElsewhere(item) });
    this.state.variables.set('!', String(id));
    return 0;
  }
}

/** Whether a command started with `&` has both its outputs redirected, so that a login can end before it. */
function writesElsewhere({ first, rest }: AndOr): boolean {
  const command = first.commands.at(-1);
  const redirected = new Set(command?.redirections.map(redirection => redirection.descriptor));
  return rest.length === 0 && first.commands.length === 1 && redirected.has(1) && redirected.has(2);
}
