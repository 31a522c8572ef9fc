// The one owner of the terminal's state: whatever it changes is changed back, however the command ends.
import type { RemoteProcess, TerminalSize } from '../ssh/session.js';
import type { CliIo } from './io.js';

/** What a board is told where the size is unknown, as when only stdin is a terminal. */
const DEFAULT_SIZE: TerminalSize = { columns: 80, rows: 24 };

/** Whether a person types into this command and reads what it prints. */
export function isInteractive(io: CliIo): boolean {
  return io.stdin.isTTY === true && io.stdout.isTTY === true;
}

export function terminalSize(io: CliIo): TerminalSize {
  const { columns, rows } = io.stdout;
  return { columns: columns ?? DEFAULT_SIZE.columns, rows: rows ?? DEFAULT_SIZE.rows };
}

/**
 * Runs `work` with every key handed to the program on the board (no echo, no line editing, no signals from keys) and
 * with the program told each new size of the window, where it can be.
 */
export async function onTerminal<T>(
  io: CliIo,
  remote: Partial<Pick<RemoteProcess, 'resize'>>,
  work: () => Promise<T>,
): Promise<T> {
  const onResize = (): void => {
    remote.resize?.(terminalSize(io));
  };
  const restoreKeys = rawKeys(io);
  io.stdout.on('resize', onResize);
  try {
    return await work();
  } finally {
    io.stdout.off('resize', onResize);
    restoreKeys();
  }
}

/** Returns what restores the terminal; the end of this process does it too, also one that no `finally` sees. */
function rawKeys({ stdin }: CliIo): () => void {
  if (stdin.isTTY !== true || stdin.setRawMode === undefined) return () => undefined;
  const restore = (): void => {
    process.off('exit', restore);
    // A terminal that was hung up cannot be restored, and need not be.
    if (!stdin.destroyed) stdin.setRawMode?.(false);
  };
  process.on('exit', restore);
  stdin.setRawMode(true);
  return restore;
}
