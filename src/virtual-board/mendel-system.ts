import type { HostKey } from '../keys/host-key.js';
import { Announcer } from './announcer.js';
import type { Board, BoardControl } from './board.js';
import { refuses } from './faults.js';
import { serveForwarding } from './forward.js';
import { loadServerKey } from './host-key-file.js';
import { Keymaster } from './keymaster.js';
import type { AnnouncementState, VirtualBoardOptions } from './options.js';
import { serveConnection } from './ssh-channels.js';
import { SshServer } from './ssh-server.js';

/** The services of Mendel on a board: sshd, keymaster and mDNS; up, down, and up again on the same ports. */
export class MendelSystem {
  readonly address: string;
  readonly keymaster: Keymaster;
  /** What programs on the board can ask of it. */
  readonly control: BoardControl;
  readonly #board: Board;
  readonly #ssh: SshServer;
  readonly #announcer: Announcer;

  constructor(board: Board, options: VirtualBoardOptions, reboot: BoardControl['reboot']) {
    this.#board = board;
    this.address = options.address ?? '127.0.0.1';
    const keymaster = new Keymaster(board, this.address, options.keymasterPort ?? 0);
    this.keymaster = keymaster;
    this.#announcer = new Announcer(options.announce ?? true);
    const control: BoardControl = {
      reboot,
      restartKeymaster: () => keymaster.restart(),
      isKeymasterRunning: () => keymaster.isRunning,
    };
    this.control = control;
    this.#ssh = new SshServer({
      board,
      address: this.address,
      port: options.sshPort ?? 0,
      allowPasswords: options.allowPasswords ?? false,
      onConnection: connection => {
        serveConnection(connection, board, control);
        serveForwarding(connection, this.address);
      },
    });
  }

  get name(): string {
    return this.#board.name;
  }

  get hostKey(): HostKey {
    return this.#ssh.hostKey;
  }

  get sshPort(): number {
    return this.#ssh.port;
  }

  get keymasterPort(): number {
    return this.keymaster.port;
  }

  get announcement(): AnnouncementState {
    return this.#announcer.state;
  }

  /** Makes what is missing of the system's files, the host key among them. */
  async install(): Promise<void> {
    await this.#board.install();
    this.#ssh.useKey(await loadServerKey(this.#board.files));
  }

  /** Finds the ports that the system is going to have, for a board that does not start it at once. */
  async reservePorts(): Promise<void> {
    await this.#ssh.listen();
    await this.keymaster.start();
    await this.stop();
  }

  /** `fastbootPort` is where the board answers once it is in its bootloader; undefined if it has none. */
  async start(fastbootPort?: number): Promise<void> {
    this.#board.powerOn();
    await this.listenUnlessRefused();
    await this.keymaster.start();
    const { name, address, sshPort, keymasterPort } = this;
    await this.#announcer.start({ name, address, sshPort, keymasterPort, fastbootPort });
  }

  async stop(): Promise<void> {
    await this.#announcer.stop();
    this.#board.powerOff();
    this.#ssh.stopListening();
    this.#ssh.dropConnections();
    await this.keymaster.stop();
  }

  async listenUnlessRefused(): Promise<void> {
    const { faults } = this.#board;
    // Once at least, so that an ephemeral port is known from the start.
    if (!refuses(faults, 'connect') || this.#ssh.port === 0) await this.#ssh.listen();
    if (refuses(faults, 'connect')) this.#ssh.stopListening();
  }
}
