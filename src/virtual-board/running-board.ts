import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostKey } from '../keys/host-key.js';
import { pause } from '../time/deadline.js';
import { readAuthorizedKeys, writeAuthorizedKeys } from './authorized-keys.js';
import type { Board } from './board.js';
import { refuses, type Faults } from './faults.js';
import { loadServerKey } from './host-key-file.js';
import { serveForwarding } from './forward.js';
import { Keymaster, KEYMASTER_PORT } from './keymaster.js';
import type { AnnouncementState, PowerState, VirtualBoard, VirtualBoardOptions } from './options.js';
import { serveConnection } from './ssh-channels.js';
import { SshServer } from './ssh-server.js';
import { removeFolder } from './storage/remove-folder.js';
import type { Announcement } from './announce.js';

const DEFAULT_REBOOT_MS = 1000;
/** systemd needs a moment to stop services; the command that asked for the reboot ends meanwhile. */
const SHUTDOWN_MS = 50;

interface Place {
  readonly rootDir: string;
  /** The folder goes with the board. */
  readonly isTemporary: boolean;
}

/** A board with its services: up, down, and up again on the same ports. */
export class RunningBoard implements VirtualBoard {
  readonly rootDir: string;
  readonly address: string;
  readonly #board: Board;
  readonly #isTemporary: boolean;
  readonly #rebootMs: number;
  readonly #wantsAnnouncement: boolean;
  readonly #ssh: SshServer;
  readonly #keymaster: Keymaster;
  readonly #closing = new AbortController();
  #power: PowerState = 'off';
  #announcement: Announcement | undefined;
  #announcementState: AnnouncementState = { kind: 'silent' };
  /** Ups and downs happen one after the other. */
  #last: Promise<void> = Promise.resolve();

  private constructor(board: Board, options: VirtualBoardOptions, place: Place) {
    this.#board = board;
    this.rootDir = place.rootDir;
    this.#isTemporary = place.isTemporary;
    this.address = options.address ?? '127.0.0.1';
    this.#rebootMs = options.rebootMs ?? DEFAULT_REBOOT_MS;
    this.#wantsAnnouncement = options.announce ?? true;
    this.#keymaster = new Keymaster(board, this.address, options.keymasterPort ?? 0);
    const control = {
      reboot: (into: 'linux' | 'bootloader') => {
        // If its ports are taken meanwhile the board stays off; `power` tells.
        this.#inTurn(() => this.#goDown(into, SHUTDOWN_MS)).catch(() => undefined);
      },
      restartKeymaster: () => this.#keymaster.restart(),
      isKeymasterRunning: () => this.#keymaster.isRunning,
    };
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

  static async start(board: Board, options: VirtualBoardOptions, place: Place): Promise<RunningBoard> {
    const running = new RunningBoard(board, options, place);
    await running.#install();
    await running.#goUp();
    return running;
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
    return this.#keymaster.port;
  }

  get power(): PowerState {
    return this.#power;
  }

  get announcement(): AnnouncementState {
    return this.#announcementState;
  }

  get faults(): Faults {
    return this.#board.faults;
  }

  set faults(faults: Faults) {
    this.#board.faults = faults;
    if (this.#power === 'running') this.#listenUnlessRefused().catch(() => undefined);
  }

  authorizedKeys(): Promise<string[]> {
    return readAuthorizedKeys(this.#board.files);
  }

  async setAuthorizedKeys(lines: readonly string[]): Promise<void> {
    await writeAuthorizedKeys(this.#board.files, lines);
    await this.#keymaster.settled();
  }

  reboot(): Promise<void> {
    return this.#inTurn(() => this.#goDown('linux', 0));
  }

  powerCycle(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#goOff();
      await this.#goUp();
    });
  }

  reflash(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#goOff();
      for (const name of await readdir(this.rootDir)) await removeFolder(join(this.rootDir, name));
      await this.#install();
      await this.#goUp();
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#inTurn(async () => {
      await this.#goOff();
      this.#keymaster.dispose();
      if (this.#isTemporary) await removeFolder(this.rootDir);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const next = this.#last.then(work);
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #install(): Promise<void> {
    await this.#board.install();
    this.#ssh.useKey(await loadServerKey(this.#board.files));
  }

  async #goUp(): Promise<void> {
    this.#board.powerOn();
    this.#power = 'running';
    try {
      await this.#listenUnlessRefused();
      await this.#keymaster.start();
    } catch (error) {
      await this.#goOff();
      throw error;
    }
    await this.#announce();
  }

  async #goDown(into: 'linux' | 'bootloader', delayMs: number): Promise<void> {
    if (this.#power !== 'running') return;
    try {
      await pause(delayMs, this.#closing.signal);
      await this.#goOff();
      this.#power = into === 'linux' ? 'rebooting' : 'bootloader';
      if (into === 'bootloader') return;
      await pause(this.#rebootMs, this.#closing.signal);
    } catch {
      // The board is closed meanwhile: it stays down.
      return;
    }
    await this.#goUp();
  }

  async #goOff(): Promise<void> {
    this.#power = 'off';
    await this.#announcement?.withdraw();
    this.#announcement = undefined;
    this.#board.powerOff();
    this.#ssh.stopListening();
    this.#ssh.dropConnections();
    await this.#keymaster.stop();
  }

  async #listenUnlessRefused(): Promise<void> {
    // Once at least, so that an ephemeral port is known from the start.
    if (!refuses(this.faults, 'connect') || this.#ssh.port === 0) await this.#ssh.listen();
    if (refuses(this.faults, 'connect')) this.#ssh.stopListening();
  }

  async #announce(): Promise<void> {
    if (!this.#wantsAnnouncement) return;
    const { name, address, sshPort: port, keymasterPort } = this;
    const txt: Record<string, string> =
      keymasterPort === KEYMASTER_PORT ? {} : { 'keymaster-port': String(keymasterPort) };
    try {
      const { announce } = await import('./announce.js');
      this.#announcement = await announce({ name, address, port, txt });
      this.#announcementState = { kind: 'announced' };
    } catch (error) {
      this.#announcementState = { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
    }
  }
}
