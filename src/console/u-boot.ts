import { safeLines } from '../device/board-text.js';
import { BoardRefusedError } from '../errors.js';
import type { LongOperation } from '../time/progress.js';
import type { ConsolePort } from './console-port.js';
import { detectOn } from './detect.js';
import { Dialogue } from './dialogue.js';
import { AUTOBOOT_COUNTDOWN, FASTBOOT_REQUESTED, FASTBOOT_RUNS, U_BOOT_BANNER, U_BOOT_PROMPT } from './prompts.js';

/*
 * The command line of U-Boot. Its prompt comes without a line end; CR alone ends a command, since the LF behind it would
 * be an empty line, which means "the same again"; what is typed is echoed, and lost if it comes faster than it is read.
 * Countdown and prompts are those of U-Boot 2017.03 and 2019.04 as NXP has them, and of mainline.
 */

/** Any key stops the countdown, and this one does nothing anywhere else. */
const STOP_KEY = ' ';
const CTRL_C = '\x03';
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

export interface EnterFastbootOptions extends UBootOptions {
  /** Called if Linux waits for a login or a command: restarts the board. Without it somebody has to do that by hand. */
  readonly restartLinux?: (() => Promise<void>) | undefined;
}

const STARTING = {
  countdown: AUTOBOOT_COUNTDOWN,
  prompt: U_BOOT_PROMPT,
  banner: U_BOOT_BANNER,
  fastboot: FASTBOOT_RUNS,
  requested: FASTBOOT_REQUESTED,
};

const START_HINT = 'Reset the board, or take its power away and give it again, while the command waits.';

/**
 * Waits for the board to start and stops its countdown; returns at the prompt, or when it goes into fastboot by itself.
 * A board that is at the prompt already is asked nothing. @throws TimeoutError, TransportError, AbortedError
 */
export async function stopAutoboot(dialogue: Dialogue, options: UBootOptions = {}): Promise<'prompt' | 'fastboot'> {
  const { startMs } = { ...U_BOOT_TIMEOUTS, ...options.timeouts };
  const deadline = {
    operation: `waiting for U-Boot on ${dialogue.port.name}`,
    timeoutMs: startMs,
    signal: options.signal,
    hint: START_HINT,
  };
  for (;;) {
    const { name } = await dialogue.expect(STARTING, deadline);
    if (name === 'prompt') return 'prompt';
    if (name === 'fastboot' || name === 'requested') return 'fastboot';
    // A key that comes before the countdown counts, and may be all there is time for.
    await dialogue.send(STOP_KEY);
  }
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

/** What shows that fastboot runs: its own words, or that U-Boot does not answer keys any more. */
export interface FastbootEntered {
  readonly evidence: 'words' | 'silence';
}

/**
 * From the countdown, the prompt or a running Linux to `fastboot 0`. Resolves when fastboot runs: not when the command was sent. After it
 * the board listens on USB; `leaveFastboot` ends it.
 * @throws BoardRefusedError if U-Boot has no fastboot or cannot start it, TimeoutError, TransportError, AbortedError
 */
export async function enterFastboot(port: ConsolePort, options: EnterFastbootOptions = {}): Promise<FastbootEntered> {
  const dialogue = new Dialogue(port);
  const state = await detectOn(dialogue, options.signal);
  if (state.kind === 'fastboot') return { evidence: 'words' };
  if (state.kind === 'u-boot-countdown') await dialogue.send(STOP_KEY);
  const isLinux = state.kind === 'login-prompt' || state.kind === 'shell';
  if (isLinux && options.restartLinux !== undefined) await options.restartLinux();
  else if (state.kind !== 'u-boot-prompt' && state.kind !== 'u-boot-countdown') {
    tell(options, `Waiting for U-Boot on ${port.name}. ${START_HINT}`);
  }
  if (state.kind !== 'u-boot-prompt' && (await stopAutoboot(dialogue, options)) === 'fastboot') {
    return { evidence: 'words' };
  }
  tell(options, 'U-Boot was stopped; starting fastboot.');
  return await startFastboot(dialogue, options);
}

/** Ends fastboot with Ctrl-C; returns at the prompt. @throws TimeoutError, TransportError, AbortedError */
export async function leaveFastboot(port: ConsolePort, options: UBootOptions = {}): Promise<void> {
  const { commandMs } = { ...U_BOOT_TIMEOUTS, ...options.timeouts };
  const dialogue = new Dialogue(port);
  await dialogue.send(CTRL_C);
  const deadline = { operation: 'leaving fastboot', timeoutMs: commandMs, signal: options.signal };
  await dialogue.expect({ prompt: U_BOOT_PROMPT }, deadline);
}

/**
 * Ends fastboot, starts the board anew and enters fastboot again, which `reboot-bootloader` cannot do on a board without
 * a partition to note it in. @throws as enterFastboot
 */
export async function restartFastboot(port: ConsolePort, options: UBootOptions = {}): Promise<FastbootEntered> {
  await leaveFastboot(port, options);
  const dialogue = new Dialogue(port);
  await typeLine(dialogue, 'reset', { operation: 'resetting the board', signal: options.signal });
  if ((await stopAutoboot(dialogue, options)) === 'fastboot') return { evidence: 'words' };
  return await startFastboot(dialogue, options);
}

async function startFastboot(dialogue: Dialogue, options: UBootOptions): Promise<FastbootEntered> {
  const { fastbootMs: waitMs } = { ...U_BOOT_TIMEOUTS, ...options.timeouts };
  const { signal } = options;
  await typeLine(dialogue, 'fastboot 0', { operation: 'starting fastboot', signal });
  const patterns = { runs: FASTBOOT_RUNS, prompt: U_BOOT_PROMPT };
  let answer = await dialogue.poll(patterns, { waitMs, signal });
  if (answer === undefined) {
    // It has not failed, and U-Boot says nothing by itself. A key shows whether fastboot has taken over.
    await dialogue.send(STOP_KEY);
    answer = await dialogue.poll(patterns, { waitMs, signal });
  }
  if (answer?.name === 'prompt') throw refused(answer.before);
  return { evidence: answer === undefined ? 'silence' : 'words' };
}

/** Types a line into an empty one; what is left there by somebody else is thrown away first. */
async function typeLine(
  dialogue: Dialogue,
  line: string,
  how: { operation: string; signal?: AbortSignal | undefined },
): Promise<void> {
  dialogue.forgetRest();
  await dialogue.type(line, how);
  await dialogue.send(CR);
  await dialogue.expect({ lineEnd: /\n/ }, { operation: how.operation, timeoutMs: 10_000, signal: how.signal });
}

function refused(text: string): BoardRefusedError {
  const reason = safeLines(text).trim().replaceAll('\n', ' ');
  const hints: readonly (readonly [RegExp, string])[] = [
    [
      /unknown command/i,
      'This bootloader has no fastboot; set the boot switches for the SD card or the serial download.',
    ],
    [/cable/i, "Connect the board's USB data port to this computer, then run the command again."],
    [/usage|usb.*(fail|error|no )/i, 'Try `fastboot usb 0` in `mdt console`.'],
  ];
  return new BoardRefusedError(
    `U-Boot did not start fastboot${reason === '' ? '' : `: ${reason}`}.`.replace(/\.\.$/, '.'),
    {
      hint: hints.find(([pattern]) => pattern.test(reason))?.[1],
      facts: { reason },
    },
  );
}

function tell({ onProgress }: UBootOptions, text: string): void {
  onProgress?.({ kind: 'message', task: 'u-boot', text });
}
