import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { RemoteExit, RemoteProcess, SshSession } from '../ssh/session.js';
import { withDeadline } from '../time/deadline.js';
import { AfterMarker } from './after-marker.js';
import { openChannel, type ChannelOptions, type ScriptChannel } from './channels.js';
import { loginTrouble, missingPrograms, SLOW_LOGIN_HINT } from './login-trouble.js';
import { scriptCommand, type RemoteScript } from './script.js';

const START_TIMEOUT_MS = 30_000;

export interface StartOptions extends ChannelOptions {
  /** `none`: stdin is closed at once, so that a login file which reads it goes on. Default `open`. */
  readonly input?: 'none' | 'open';
  /** How long the login shell may take until the script begins; default 30 s. */
  readonly startTimeoutMs?: number | undefined;
}

/**
 * Starts a script and resolves when it has begun. Whatever the login files of the board print before that is no part of
 * its output, and they can read nothing of its input, which is not sent before the script has begun. Every login shell
 * will do, and a server that allows one channel at a time.
 *
 * @throws LoginShellError if the board runs no commands for this user, MissingProgramError, TimeoutError if the script
 *   does not begin in time, TransportError, AbortedError, FileError if a parameter cannot be written in a command.
 */
export async function startScript(
  session: SshSession,
  script: RemoteScript,
  options: StartOptions = {},
): Promise<RunningScript> {
  const { signal, isSpare, startTimeoutMs = START_TIMEOUT_MS } = options;
  const marker = randomBytes(12).toString('hex');
  const channel = await openChannel(session, scriptCommand(script, marker), { signal, isSpare });
  const program = new ScriptProcess(channel, marker);
  if (options.input === 'none') program.stdin.end();
  const operation = 'waiting for the login shell of the board';
  try {
    await withDeadline({ operation, timeoutMs: startTimeoutMs, signal, hint: SLOW_LOGIN_HINT }, () => program.begun());
    return program;
  } catch (error) {
    program.close();
    throw error;
  }
}

export interface RunningScript extends RemoteProcess {
  /** Ends the time of a spare program, which is not closed for another from now on. False where it has ended already. */
  claim(): boolean;
}

/** The program with both output streams from the marker on. */
class ScriptProcess implements RunningScript {
  readonly stdin: RemoteProcess['stdin'];
  readonly stdout: AfterMarker;
  readonly stderr: AfterMarker;
  readonly exit: Promise<RemoteExit>;
  readonly #channel: ScriptChannel;
  readonly #program: RemoteProcess;
  #closeHere = (): void => undefined;

  constructor(channel: ScriptChannel, marker: string) {
    const { program } = channel;
    this.#channel = channel;
    this.#program = program;
    this.stdin = program.stdin;
    this.stdout = filtered(program.stdout, marker);
    this.stderr = filtered(program.stderr, marker);
    const closedHere = new Promise<void>(resolve => {
      this.#closeHere = resolve;
    });
    const readThrough = Promise.all([closeOf(this.stdout), closeOf(this.stderr)]);
    this.exit = Promise.race([readThrough, closedHere]).then(() => program.exit);
  }

  /** Resolves when the script runs. @throws LoginShellError, MissingProgramError, TransportError */
  async begun(): Promise<void> {
    const missing = await Promise.race([this.stdout.begun, this.#program.exit]);
    if (typeof missing !== 'string') throw loginTrouble(missing, `${this.stdout.before}\n${this.stderr.before}`);
    if (missing !== '') throw missingPrograms(missing.trim().split(' '));
  }

  claim(): boolean {
    return this.#channel.claim();
  }

  resize(size: Parameters<RemoteProcess['resize']>[0]): void {
    this.#program.resize(size);
  }

  kill(signal: string): void {
    this.#program.kill(signal);
  }

  close(): void {
    this.#program.close();
    this.#closeHere();
  }
}

function filtered(stream: Readable, marker: string): AfterMarker {
  const filter = new AfterMarker(marker);
  stream.once('error', error => filter.destroy(error));
  return stream.pipe(filter);
}

async function closeOf(stream: Readable): Promise<void> {
  return new Promise(resolve => {
    stream.once('close', () => {
      resolve();
    });
  });
}
