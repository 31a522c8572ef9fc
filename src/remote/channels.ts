import { BoardRefusedError } from '../errors.js';
import type { RemoteProcess, SshSession } from '../ssh/session.js';
import { pause, throwIfAborted } from '../time/deadline.js';

/** How long a server may take to free a channel that has ended. */
const FREEING_TIMEOUT_MS = 5_000;
const FIRST_PAUSE_MS = 20;
const MAX_PAUSE_MS = 500;

export interface ChannelOptions {
  readonly signal?: AbortSignal | undefined;
  /** It only waits for work: it is closed where the server has no more channels and another one is wanted. */
  readonly isSpare?: boolean | undefined;
}

/** A program on a channel of its own. */
export class ScriptChannel {
  readonly program: RemoteProcess;
  #isSpare: boolean;
  #hasEnded = false;

  constructor(program: RemoteProcess, isSpare: boolean) {
    this.program = program;
    this.#isSpare = isSpare;
    void program.exit.then(() => {
      this.#hasEnded = true;
    });
  }

  /** From now on it does work and is not closed for another. False where it has ended already. */
  claim(): boolean {
    this.#isSpare = false;
    return !this.#hasEnded;
  }

  closeIfSpare(): void {
    if (this.#isSpare) this.program.close();
  }
}

const openChannels = new WeakMap<SshSession, Set<ScriptChannel>>();

/**
 * Runs a command on a channel of its own. Where the server allows no more channels on a connection (MaxSessions of
 * sshd), it waits until one of those that scripts have opened ends. @throws what `SshSession.exec` throws
 */
export async function openChannel(
  session: SshSession,
  command: string,
  { signal, isSpare = false }: ChannelOptions = {},
): Promise<ScriptChannel> {
  const open = openChannels.get(session) ?? new Set();
  openChannels.set(session, open);
  const freedByMs = performance.now() + FREEING_TIMEOUT_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    try {
      const channel = new ScriptChannel(await session.exec(command, { signal }), isSpare);
      open.add(channel);
      void channel.program.exit.then(() => open.delete(channel));
      return channel;
    } catch (error) {
      if (!isOutOfChannels(error) || (open.size === 0 && performance.now() > freedByMs)) throw error;
      throwIfAborted(signal);
      if (!isSpare) for (const channel of open) channel.closeIfSpare();
      await pause(pauseMs, signal);
    }
  }
}

/** ssh2 passes on the reason code of SSH_MSG_CHANNEL_OPEN_FAILURE (RFC 4254 section 5.1), which no other refusal has. */
function isOutOfChannels(error: unknown): boolean {
  if (!(error instanceof BoardRefusedError) || !(error.cause instanceof Error)) return false;
  return 'reason' in error.cause && typeof error.cause.reason === 'number';
}
