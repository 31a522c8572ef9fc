import { BoardRefusedError, PairingRefusedError, TransportError } from '../errors.js';
import type { LongOperation } from '../time/progress.js';
import type { ConsolePort } from './console-port.js';
import { detectOn, type ConsoleState } from './detect.js';
import { Dialogue } from './dialogue.js';
import { openShell, type ConsoleShell } from './linux-shell.js';
import { FIRST_BOOT, KERNEL_MESSAGE, LOGIN_INCORRECT, LOGIN_PROMPT, PASSWORD_PROMPT, SHELL_PROMPT } from './prompts.js';

export interface LoginOptions extends LongOperation {
  readonly username: string;
  readonly password: string;
  /** It was restarted just now: no key is pressed before its kernel runs, since one would stop its boot. */
  readonly isStarting?: boolean | undefined;
  /** Longest wait for a board that is booting; the first boot takes minutes. Default 10 minutes. */
  readonly bootTimeoutMs?: number | undefined;
  /** Longest silence of a login; default 30 s. */
  readonly loginTimeoutMs?: number | undefined;
}

const BOOT_TIMEOUT_MS = 600_000;
const LOGIN_TIMEOUT_MS = 30_000;
/** By then a board that was restarted is past the countdown of U-Boot, even if its kernel says nothing. */
const START_PAUSE_MS = 20_000;
/** How long a booting board may be without a prompt before it is asked again; kernel messages may stand behind one. */
const BOOT_PAUSE_MS = 15_000;
const IS_FIRST_BOOT = 'It is its first boot, which takes some minutes.';

/**
 * Logs in on a console, whatever it is at: waits for a board that boots, and takes over the shell of `username`, or of
 * root, that somebody has left open. The caller disposes the shell, which logs out what was logged in here.
 * @throws PairingRefusedError if the password is wrong, BoardRefusedError where there is no Linux to log in to,
 * TimeoutError, TransportError, AbortedError
 */
export async function login(port: ConsolePort, options: LoginOptions): Promise<ConsoleShell> {
  return await loginOn(new Dialogue(port), options);
}

/** A login on a console that was looked at already. */
export interface LoginOnOptions extends LoginOptions {
  /** What it is at; undefined if that has still to be found out. */
  readonly at?: LinuxState | undefined;
}

/** The same in a dialogue that goes on afterwards. */
export async function loginOn(dialogue: Dialogue, options: LoginOnOptions): Promise<ConsoleShell> {
  const { bootTimeoutMs: timeoutMs = BOOT_TIMEOUT_MS } = options;
  const deadline = {
    operation: `waiting for a login prompt on ${dialogue.port.name}`,
    timeoutMs,
    signal: options.signal,
  };
  const state =
    options.at ?? (await dialogue.within(deadline, signal => waitForLinux(dialogue, { ...options, signal })));
  const wasLoggedIn = state.kind === 'shell';
  if (!wasLoggedIn) await enterPassword(dialogue, options);
  return await openShell(dialogue, { ...options, wasLoggedIn });
}

/** Somebody can log in, or is logged in. */
export type LinuxState = Extract<ConsoleState, { kind: 'login-prompt' | 'shell' }>;

async function waitForLinux(dialogue: Dialogue, options: LoginOptions): Promise<LinuxState> {
  const { signal } = options;
  if (options.isStarting === true) {
    await dialogue.poll({ kernel: KERNEL_MESSAGE, login: LOGIN_PROMPT }, { waitMs: START_PAUSE_MS, signal });
  }
  const told = new Set<string>();
  const tellOnce = (text: string): void => {
    if (!told.has(text)) tell(options, text);
    told.add(text);
  };
  for (;;) {
    const state = await detectOn(dialogue, signal);
    if (state.kind === 'login-prompt' || state.kind === 'shell') return state;
    refuseOther(dialogue, state);
    tellOnce('The board is booting; waiting for its login prompt.');
    if (state.kind === 'booting' && state.firstBoot) tellOnce(IS_FIRST_BOOT);
    const patterns = { login: LOGIN_PROMPT, firstBoot: FIRST_BOOT };
    const found = await dialogue.poll(patterns, { waitMs: BOOT_PAUSE_MS, signal });
    if (found?.name === 'login') return { kind: 'login-prompt', hostName: '' };
    if (found?.name === 'firstBoot') tellOnce(IS_FIRST_BOOT);
  }
}

/** Says why there will be no login, unless time alone can bring one. */
function refuseOther(dialogue: Dialogue, state: Exclude<ConsoleState, LinuxState>): void {
  const { name } = dialogue.port;
  switch (state.kind) {
    case 'booting':
    case 'u-boot-countdown':
      return;
    case 'u-boot-prompt':
    case 'fastboot': {
      const where = state.kind === 'fastboot' ? 'in fastboot' : 'at the prompt of U-Boot';
      const hint = `${state.kind === 'fastboot' ? 'Press Ctrl-C, then type' : 'Type'} \`boot\` in \`mdt console ${name}\`, or reset the board.`;
      throw new BoardRefusedError(`The board on ${name} is ${where}, so nobody can log in to its Linux.`, { hint });
    }
    case 'unknown':
      throw new BoardRefusedError(
        `The console ${name} is busy with something else: ${JSON.stringify(state.lastLine)}.`,
        {
          hint: `End it in \`mdt console ${name}\` (Ctrl-C, or q), then run the command again.`,
          facts: { transcript: dialogue.transcript },
        },
      );
    case 'silent':
      throw new TransportError(`Nothing answers on the console ${name}.`, {
        hint: 'Check that the board has power, that the cable carries data, and that this is the right port: of the two of a Dev Board the lower one.',
        facts: { port: name },
      });
  }
}

async function enterPassword(dialogue: Dialogue, options: LoginOptions): Promise<void> {
  const { username, password, signal, loginTimeoutMs: timeoutMs = LOGIN_TIMEOUT_MS } = options;
  const operation = `logging in as ${username} on ${dialogue.port.name}`;
  const deadline = { operation, timeoutMs, signal };
  await dialogue.type(username, { operation, signal });
  await dialogue.send('\r');
  const asked = await dialogue.expect(
    { password: PASSWORD_PROMPT, shell: SHELL_PROMPT, login: LOGIN_PROMPT },
    deadline,
  );
  if (asked.name === 'shell') return;
  if (asked.name === 'login') throw wrongPassword(dialogue, username);
  await dialogue.send(`${password}\r`);
  const answers = {
    incorrect: LOGIN_INCORRECT,
    login: LOGIN_PROMPT,
    // A password that has expired, or an account that has been locked: nothing to be done from here.
    another: /^(?:.*(?:new|current).*password.*|.*account.*(?:expired|locked).*)/im,
    shell: SHELL_PROMPT,
  };
  const { name } = await dialogue.expect(answers, deadline);
  if (name === 'another') {
    throw new BoardRefusedError(`The board wants something else before ${username} may log in.`, {
      hint: `Log in by hand with \`mdt console ${dialogue.port.name}\`.`,
      facts: { transcript: dialogue.transcript },
    });
  }
  if (name !== 'shell') throw wrongPassword(dialogue, username);
}

function wrongPassword({ port }: Dialogue, username: string): PairingRefusedError {
  return new PairingRefusedError(`The board on ${port.name} does not take this password for ${username}.`, {
    hint: 'Set the right one with `mdt set password`, or MDT_PASSWORD; boards are delivered with mendel.',
    facts: { port: port.name, username },
  });
}

function tell({ onProgress }: LongOperation, text: string): void {
  onProgress?.({ kind: 'message', task: 'console', text });
}
