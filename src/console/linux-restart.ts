import { safeLines } from '../device/board-text.js';
import { BoardRefusedError, TimeoutError } from '../errors.js';
import type { ConsolePort } from './console-port.js';
import { login, type LoginOptions } from './linux-login.js';

/** `reboot-bootloader` needs a partition to note its wish in; where it has none a plain restart leads past U-Boot, too. */
const COMMAND = 'sudo reboot-bootloader || sudo reboot';
const ORDER_TIMEOUT_MS = 30_000;

export interface RestartOptions extends LoginOptions {
  /** How long the order may go without an answer; default 30 s. */
  readonly orderTimeoutMs?: number | undefined;
}

/**
 * Logs in and restarts the board towards its bootloader; resolves when it has been told to.
 * @throws BoardRefusedError if it will not restart, and as `login`
 */
export async function restartLinux(port: ConsolePort, options: RestartOptions): Promise<void> {
  const { signal, orderTimeoutMs: timeoutMs = ORDER_TIMEOUT_MS } = options;
  // Not disposed where it worked: what logs out would be typed into U-Boot, which comes next.
  const shell = await login(port, options);
  const order = { operation: 'restarting the board', timeoutMs, signal };
  try {
    const { code, output } = await shell.run(COMMAND, order);
    if (code === 0) return;
    await shell[Symbol.asyncDispose]();
    throw new BoardRefusedError(`The board on ${port.name} did not restart: ${safeLines(output.trim(), 400)}`, {
      hint: `Restart it in \`mdt console ${port.name}\`, or by its power.`,
    });
  } catch (error) {
    // It may be down before the end of the command could be told.
    if (!(error instanceof TimeoutError)) throw error;
  }
}
