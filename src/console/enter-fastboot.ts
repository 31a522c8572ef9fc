import { safeLines } from '../device/board-text.js';
import { BoardRefusedError } from '../errors.js';
import type { ConsolePort } from './console-port.js';
import { detectOn } from './detect.js';
import { Dialogue } from './dialogue.js';
import type { LinuxState } from './linux-login.js';
import { FASTBOOT_RUNS, U_BOOT_PROMPT } from './prompts.js';
import { START_HINT, STOP_KEY, stopAutoboot, typeLine, U_BOOT_TIMEOUTS, type UBootOptions } from './u-boot.js';

const CTRL_C = '\x03';
/** A countdown that is missed so often is too short to be stopped, or keys do not reach the board. */
const MAX_RESTARTS = 3;

export interface EnterFastbootOptions extends UBootOptions {
  /** Called if Linux waits for a login or a command: restarts the board. Without it somebody has to do that by hand. */
  readonly restartLinux?: ((dialogue: Dialogue, state: LinuxState) => Promise<void>) | undefined;
}

/** What shows that fastboot runs: its own words, or that U-Boot does not answer keys any more. */
export interface FastbootEntered {
  readonly evidence: 'words' | 'silence';
}

/**
 * From the countdown, the prompt or a running Linux to `fastboot 0`. A board that starts Linux again because its
 * countdown was missed is restarted again, three times at most. Resolves when fastboot runs: not when the command was
 * sent. After it the board listens on USB; `leaveFastboot` ends it.
 * @throws BoardRefusedError if U-Boot cannot be stopped, has no fastboot or cannot start it, TimeoutError,
 * TransportError, AbortedError
 */
export async function enterFastboot(port: ConsolePort, options: EnterFastbootOptions = {}): Promise<FastbootEntered> {
  const dialogue = new Dialogue(port);
  if ((await reachUBoot(dialogue, options)) === 'fastboot') return { evidence: 'words' };
  tell(options, 'U-Boot was stopped; starting fastboot.');
  return await startFastboot(dialogue, options);
}

async function reachUBoot(dialogue: Dialogue, options: EnterFastbootOptions): Promise<'prompt' | 'fastboot'> {
  const { name } = dialogue.port;
  const { restartLinux } = options;
  for (let restarts = 0; ;) {
    const state = await detectOn(dialogue, options.signal);
    if (state.kind === 'fastboot') return 'fastboot';
    if (state.kind === 'u-boot-prompt') return 'prompt';
    const isLinux = state.kind === 'login-prompt' || state.kind === 'shell';
    if (isLinux && restartLinux !== undefined) {
      if (restarts === MAX_RESTARTS) throw unstoppable(name);
      if (restarts > 0) {
        tell(options, `The board on ${name} started Linux before its countdown was stopped; restarting it again.`);
      }
      restarts += 1;
      await restartLinux(dialogue, state);
    } else if (state.kind === 'u-boot-countdown') await dialogue.send(STOP_KEY);
    else tell(options, `Waiting for U-Boot on ${name}. ${START_HINT}`);
    const started = await stopAutoboot(dialogue, options);
    if (started !== 'linux') return started;
  }
}

/** Ends fastboot with Ctrl-C; returns at the prompt. @throws TimeoutError, TransportError, AbortedError */
export async function leaveFastboot(port: ConsolePort, options: UBootOptions = {}): Promise<void> {
  await leaveOn(new Dialogue(port), options);
}

async function leaveOn(dialogue: Dialogue, { timeouts, signal }: UBootOptions): Promise<void> {
  const { commandMs: timeoutMs } = { ...U_BOOT_TIMEOUTS, ...timeouts };
  await dialogue.send(CTRL_C);
  await dialogue.expect({ prompt: U_BOOT_PROMPT }, { operation: 'leaving fastboot', timeoutMs, signal });
}

/**
 * Ends fastboot, starts the board anew and enters fastboot again, which `reboot-bootloader` cannot do on a board without
 * a partition to note it in. @throws as enterFastboot
 */
export async function restartFastboot(port: ConsolePort, options: EnterFastbootOptions = {}): Promise<FastbootEntered> {
  const dialogue = new Dialogue(port);
  await leaveOn(dialogue, options);
  await typeLine(dialogue, 'reset', { operation: 'resetting the board', signal: options.signal });
  let started = await stopAutoboot(dialogue, options);
  if (started === 'linux') started = await reachUBoot(dialogue, options);
  if (started === 'fastboot') return { evidence: 'words' };
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

function unstoppable(name: string): BoardRefusedError {
  return new BoardRefusedError(
    `The board on ${name} was restarted ${String(MAX_RESTARTS)} times and started Linux each time.`,
    {
      hint: 'Its U-Boot counts down too quickly or does not receive keys: check the wires of the console, or reset the board by hand and hold the space bar in `mdt console`.',
      facts: { port: name },
    },
  );
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
