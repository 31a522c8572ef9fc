import { safeLines } from '../device/board-text.js';
import type { LongOperation } from '../time/progress.js';
import type { Dialogue } from './dialogue.js';
import {
  AUTOBOOT_COUNTDOWN,
  FASTBOOT_REQUESTED,
  FASTBOOT_RUNS,
  LOGIN_PROMPT,
  SHELL_PROMPT,
  U_BOOT_BANNER,
  U_BOOT_PROMPT,
} from './prompts.js';

/*
 * The command line of U-Boot. Its prompt comes without a line end; CR alone ends a command, since the LF behind it would
 * be an empty line, which means "the same again"; what is typed is echoed, and lost if it comes faster than it is read.
 * Countdown and prompts are those of U-Boot 2017.03 and 2019.04 as NXP has them, and of mainline.
 */

/** Any key stops the countdown, and this one does nothing anywhere else. */
export const STOP_KEY = ' ';
const CR = '\r';

export interface UBootTimeouts {
  /** From now until the countdown of a board that is being started. */
  readonly startMs: number;
  /** For a command to end. */
  readonly commandMs: number;
  /** How long a command that begins fastboot may take to fail, and then to answer a key. */
  readonly fastbootMs: number;
}

export const U_BOOT_TIMEOUTS: UBootTimeouts = { startMs: 120_000, commandMs: 30_000, fastbootMs: 2000 };

export interface UBootOptions extends LongOperation {
  readonly timeouts?: Partial<UBootTimeouts> | undefined;
}

/** What a board says between its reset and its system. */
const STARTING = {
  countdown: AUTOBOOT_COUNTDOWN,
  prompt: U_BOOT_PROMPT,
  banner: U_BOOT_BANNER,
  fastboot: FASTBOOT_RUNS,
  requested: FASTBOOT_REQUESTED,
  login: LOGIN_PROMPT,
  shell: SHELL_PROMPT,
};

export const START_HINT = 'Reset the board, or take its power away and give it again, while the command waits.';

/** Where a board is that was restarted: at the prompt, in fastboot by itself, or in its system again. */
export type Started = 'prompt' | 'fastboot' | 'linux';

/**
 * Waits for the board to start and stops its countdown. A board that is at the prompt already is asked nothing.
 * @throws TimeoutError, TransportError, AbortedError
 */
export async function stopAutoboot(dialogue: Dialogue, options: UBootOptions = {}): Promise<Started> {
  const { startMs: timeoutMs } = { ...U_BOOT_TIMEOUTS, ...options.timeouts };
  const operation = `waiting for U-Boot on ${dialogue.port.name}`;
  const deadline = { operation, timeoutMs, signal: options.signal, hint: START_HINT };
  return await dialogue.within(deadline, async signal => {
    for (;;) {
      const { name } = await dialogue.next(STARTING, signal);
      if (name === 'prompt') return 'prompt';
      if (name === 'fastboot' || name === 'requested') return 'fastboot';
      if (name === 'login' || name === 'shell') return 'linux';
      // A key that comes before the countdown counts, and may be all there is time for.
      await dialogue.send(STOP_KEY);
    }
  });
}

export interface UBootResult {
  readonly output: string;
  readonly code: number;
}

let lastMark = 0;

/**
 * Runs one command at the prompt, and waits for the next prompt. `output` is safe to print.
 * @throws TimeoutError, TransportError, AbortedError
 */
export async function runAtPrompt(
  dialogue: Dialogue,
  command: string,
  options: UBootOptions = {},
): Promise<UBootResult> {
  const { commandMs } = { ...U_BOOT_TIMEOUTS, ...options.timeouts };
  const { signal } = options;
  const operation = `running \`${command}\` in U-Boot`;
  const deadline = { operation, timeoutMs: commandMs, signal };
  // What a command prints may look like a prompt; this line cannot be in it, nor in the echo, where $? is not a number.
  const mark = `mdt-${String(++lastMark)}`;
  await typeLine(dialogue, `${command}; echo ${mark}:$?`, { operation, signal });
  const { before, match } = await dialogue.expect({ end: new RegExp(`${mark}:(\\d+)\\n`) }, deadline);
  await dialogue.expect({ prompt: U_BOOT_PROMPT }, deadline);
  return { output: safeLines(before), code: Number(match[1]) };
}

/** Types a line into an empty one; what is left there by somebody else is thrown away first. */
export async function typeLine(
  dialogue: Dialogue,
  line: string,
  how: { operation: string; signal?: AbortSignal | undefined },
): Promise<void> {
  dialogue.forgetRest();
  await dialogue.type(line, how);
  await dialogue.send(CR);
  await dialogue.expect({ lineEnd: /\n/ }, { operation: how.operation, timeoutMs: 10_000, signal: how.signal });
}
