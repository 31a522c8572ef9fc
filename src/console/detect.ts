import { safeText } from '../device/board-text.js';
import type { ConsolePort } from './console-port.js';
import { Dialogue, type Found } from './dialogue.js';
import {
  AUTOBOOT_COUNTDOWN,
  BOOT_MESSAGE,
  COUNTDOWN_TICK,
  FASTBOOT_RUNS,
  FIRST_BOOT,
  LOGIN_PROMPT,
  PASSWORD_PROMPT,
  SHELL_PROMPT,
  U_BOOT_PROMPT,
} from './prompts.js';

/** What is at the other end of a console of which nothing was known. */
export type ConsoleState =
  | { readonly kind: 'u-boot-countdown' }
  | { readonly kind: 'u-boot-prompt' }
  | { readonly kind: 'fastboot' }
  /** Messages of U-Boot, the kernel or systemd, which end by themselves; `firstBoot` takes minutes. */
  | { readonly kind: 'booting'; readonly firstBoot: boolean }
  | { readonly kind: 'login-prompt'; readonly hostName: string }
  | { readonly kind: 'shell'; readonly prompt: string }
  /** It echoes or says something, but nothing that is known: a program that runs in a shell, for one. */
  | { readonly kind: 'unknown'; readonly lastLine: string }
  /** Not a byte comes: no power, the wrong port, a cable without data, or a bootloader that takes no keys. */
  | { readonly kind: 'silent' };

const STATES = {
  countdown: AUTOBOOT_COUNTDOWN,
  fastboot: FASTBOOT_RUNS,
  uBoot: U_BOOT_PROMPT,
  login: LOGIN_PROMPT,
  password: PASSWORD_PROMPT,
  shell: SHELL_PROMPT,
} as const;

/** What only counts before a key has been pressed: a program that echoes may say anything after it. */
const STATES_AT_REST = { ...STATES, tick: COUNTDOWN_TICK } as const;

/** A countdown speaks every second, a boot does not pause for longer. */
const LISTEN_MS = 1500;
const KEY_MS = 1000;
const LINE_MS = 3000;
/** A login that fails on purpose makes its user wait. */
const LOGIN_DELAY_MS = 20_000;

/**
 * Finds out what a console is at: listens first, then presses keys that do no harm in any state. Space, which fastboot
 * answers, and Enter behind it: a line that is not empty, which U-Boot would take for "the same again". A login takes it
 * for a name; what it asks then is answered with nothing, so that it is back at its prompt.
 */
export async function detectState(port: ConsolePort, signal?: AbortSignal): Promise<ConsoleState> {
  return await detectOn(new Dialogue(port), signal);
}

/** The same in a dialogue that goes on afterwards. */
export async function detectOn(dialogue: Dialogue, signal?: AbortSignal): Promise<ConsoleState> {
  const heard = await dialogue.poll(STATES_AT_REST, { waitMs: LISTEN_MS, signal });
  if (heard) return await stateOf(dialogue, heard, signal);
  const boot = bootState(dialogue);
  if (boot) return boot;
  await dialogue.send(' ');
  const answered = await dialogue.poll(STATES, { waitMs: KEY_MS, signal });
  if (answered) return await stateOf(dialogue, answered, signal);
  await dialogue.send('\r');
  const asked = await dialogue.poll(STATES, { waitMs: LINE_MS, signal });
  if (asked) return await stateOf(dialogue, asked, signal);
  return bootState(dialogue) ?? silence(dialogue);
}

async function stateOf(
  dialogue: Dialogue,
  { name, match }: Found<keyof typeof STATES_AT_REST>,
  signal: AbortSignal | undefined,
): Promise<ConsoleState> {
  switch (name) {
    case 'countdown':
    case 'tick':
      return { kind: 'u-boot-countdown' };
    case 'fastboot':
      return { kind: 'fastboot' };
    case 'uBoot':
      return { kind: 'u-boot-prompt' };
    case 'login':
      return { kind: 'login-prompt', hostName: safeText(match[1] ?? '', 64) };
    case 'shell':
      return { kind: 'shell', prompt: safeText(match[1] ?? '') };
    case 'password': {
      await dialogue.send('\r');
      const operation = `waiting for the login prompt on ${dialogue.port.name}`;
      const { match: login } = await dialogue.expect(
        { login: LOGIN_PROMPT },
        { operation, timeoutMs: LOGIN_DELAY_MS, signal },
      );
      return { kind: 'login-prompt', hostName: safeText(login[1] ?? '', 64) };
    }
  }
}

function bootState({ rest }: Dialogue): ConsoleState | undefined {
  return BOOT_MESSAGE.test(rest) ? { kind: 'booting', firstBoot: FIRST_BOOT.test(rest) } : undefined;
}

function silence({ transcript }: Dialogue): ConsoleState {
  const lastLine = transcript.at(-1);
  return lastLine === undefined ? { kind: 'silent' } : { kind: 'unknown', lastLine };
}
