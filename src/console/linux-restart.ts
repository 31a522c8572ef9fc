import { safeLines } from '../device/board-text.js';
import { BoardRefusedError, TimeoutError } from '../errors.js';
import type { Dialogue } from './dialogue.js';
import { loginOn, type LoginOnOptions } from './linux-login.js';
import { ShellLeftError } from './linux-shell.js';

/** `reboot-bootloader` needs a partition to note its wish in; where it has none a plain restart leads past U-Boot, too. */
const COMMAND = 'sudo reboot-bootloader || sudo reboot';
const ORDER_TIMEOUT_MS = 30_000;

export interface RestartOptions extends LoginOnOptions {
  /** How long the order may go without an answer; default 30 s. */
  readonly orderTimeoutMs?: number | undefined;
}

/**
 * Logs in and restarts the board towards its bootloader. Resolves when the board has accepted the order; what it says
 * when it restarts stays to be read.
 * @throws BoardRefusedError if it will not restart, and as `login`
 */
export async function restartLinux(dialogue: Dialogue, options: RestartOptions): Promise<void> {
  const { signal, orderTimeoutMs: timeoutMs = ORDER_TIMEOUT_MS } = options;
  // Not disposed where it worked: what logs out would be typed into U-Boot, which comes next.
  const shell = await loginOn(dialogue, options);
  try {
    const { code, output } = await shell.run(COMMAND, { operation: 'restarting the board', timeoutMs, signal });
    if (code === 0) return;
    await shell[Symbol.asyncDispose]();
    throw new BoardRefusedError(
      `The board on ${dialogue.port.name} did not restart: ${safeLines(output.trim(), 400)}`,
      { hint: `Restart it in \`mdt console ${dialogue.port.name}\`, or by its power.` },
    );
  } catch (error) {
    // It may go down before the command has ended.
    if (!(error instanceof TimeoutError || error instanceof ShellLeftError)) throw error;
  }
}
