import type { Announcement } from './announce.js';
import { KEYMASTER_PORT } from './keymaster.js';
import type { AnnouncementState } from './options.js';

/** Says by multicast DNS that a board is there, while it is. */
export class Announcer {
  readonly #isWanted: boolean;
  #state: AnnouncementState = { kind: 'silent' };
  #announcement: Announcement | undefined;

  constructor(isWanted: boolean) {
    this.#isWanted = isWanted;
  }

  get state(): AnnouncementState {
    return this.#state;
  }

  async start(board: {
    readonly name: string;
    readonly address: string;
    readonly sshPort: number;
    readonly keymasterPort: number;
    readonly fastbootPort: number | undefined;
  }): Promise<void> {
    if (!this.#isWanted) return;
    const { name, address, sshPort: port, keymasterPort, fastbootPort } = board;
    const txt: Record<string, string> = {
      ...(keymasterPort === KEYMASTER_PORT ? {} : { 'keymaster-port': String(keymasterPort) }),
      ...(fastbootPort === undefined ? {} : { 'fastboot-port': String(fastbootPort) }),
    };
    try {
      const { announce } = await import('./announce.js');
      this.#announcement = await announce({ name, address, port, txt });
      this.#state = { kind: 'announced' };
    } catch (error) {
      this.#state = { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async stop(): Promise<void> {
    await this.#announcement?.withdraw();
    this.#announcement = undefined;
  }
}
