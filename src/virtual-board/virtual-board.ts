import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import type { HostKey } from '../keys/host-key.js';
import { pause } from '../time/deadline.js';
import { readAuthorizedKeys } from './authorized-keys.js';
import { Board } from './board.js';
import { refuses, type Faults } from './faults.js';
import { loadServerKey } from './host-key-file.js';
import { Keymaster } from './keymaster.js';
import { releaseOf, type ReleaseName } from './release.js';
import { serveConnection } from './ssh-channels.js';
import { SshServer } from './ssh-server.js';

export interface VirtualBoardOptions {
  /** Host name; default: the one the folder already has, else a new one of an adjective and a noun. */
  readonly name?: string;
  /** Default `eagle`. */
  readonly release?: ReleaseName;
  /** Folder with the board's files; made if it is not there and kept. Default: a temporary one, removed at the end. */
  readonly rootDir?: string;
  /** Address to listen on; default 127.0.0.1, where only this host can reach the board. */
  readonly address?: string;
  /** Default 0: any free port. */
  readonly sshPort?: number;
  readonly keymasterPort?: number;
  /** Announce by mDNS; default true. */
  readonly announce?: boolean;
  readonly faults?: Faults;
  /** Lets the login user in with the password `mendel`; default false, as on boards from Chef on. */
  readonly allowPasswords?: boolean;
  /** How long a reboot takes; default 1000 ms. */
  readonly rebootMs?: number;
}

export type PowerState = 'running' | 'rebooting' | 'bootloader' | 'off';

/** A Mendel board in software. */
export interface VirtualBoard extends AsyncDisposable {
  readonly name: string;
  readonly address: string;
  readonly sshPort: number;
  readonly keymasterPort: number;
  readonly rootDir: string;
  readonly hostKey: HostKey;
  readonly power: PowerState;
  /** Troubles the board shows; those of the network apply to connections made after they were set. */
  faults: Faults;
  /** Lines of the board's authorized_keys. */
  authorizedKeys(): Promise<string[]>;
  /** Goes down as `sudo reboot` does; resolves when the board is back on the same ports. */
  reboot(): Promise<void>;
  /** Takes the board out of a bootloader: switches it off and on again. */
  powerCycle(): Promise<void>;
  close(): Promise<void>;
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/**
 * Starts a board. @throws UsageError for a name that no host can have, and the host's own error if an address or a port
 * cannot be listened on.
 */
export async function startVirtualBoard(options: VirtualBoardOptions = {}): Promise<VirtualBoard> {
  const isTemporary = options.rootDir === undefined;
  const rootDir = options.rootDir ?? (await mkdtemp(join(tmpdir(), 'mdt-virtual-board-')));
  try {
    await mkdir(rootDir, { recursive: true });
    const name = options.name ?? (await storedName(rootDir)) ?? newName();
    if (!NAME.test(name)) {
      throw new UsageError(`${JSON.stringify(name)} cannot be the name of a board.`, {
        hint: 'Names are letters, digits and dashes, at most 63.',
      });
    }
    const release = releaseOf(options.release ?? 'eagle');
    const board = new Board({ name, release, rootDir, faults: options.faults ?? {} });
    await board.install();
    return await RunningBoard.start(board, options, { rootDir, isTemporary });
  } catch (error) {
    if (isTemporary) await rm(rootDir, { recursive: true, force: true });
    throw error;
  }
}

class RunningBoard implements VirtualBoard {
  readonly rootDir: string;
  readonly address: string;
  readonly hostKey: HostKey;
  readonly #board: Board;
  readonly #isTemporary: boolean;
  readonly #rebootMs: number;
  readonly #ssh: SshServer;
  readonly #keymaster: Keymaster;
  readonly #closing = new AbortController();
  #power: PowerState = 'off';
  #rebooting: Promise<void> | undefined;

  private constructor(
    board: Board,
    parts: { ssh: SshServer; keymaster: Keymaster; hostKey: HostKey; address: string; rebootMs: number },
    place: { rootDir: string; isTemporary: boolean },
  ) {
    this.#board = board;
    this.#ssh = parts.ssh;
    this.#keymaster = parts.keymaster;
    this.hostKey = parts.hostKey;
    this.address = parts.address;
    this.#rebootMs = parts.rebootMs;
    this.rootDir = place.rootDir;
    this.#isTemporary = place.isTemporary;
  }

  static async start(
    board: Board,
    options: VirtualBoardOptions,
    place: { rootDir: string; isTemporary: boolean },
  ): Promise<RunningBoard> {
    const address = options.address ?? '127.0.0.1';
    const key = await loadServerKey(board.files);
    const keymaster = new Keymaster(board, address, options.keymasterPort ?? 0);
    const ssh = new SshServer({
      board,
      key,
      address,
      port: options.sshPort ?? 0,
      allowPasswords: options.allowPasswords ?? false,
      onConnection: connection => {
        serveConnection(connection, board, {
          reboot: into => void running.goDown(into),
          restartKeymaster: () => keymaster.restart(),
          isKeymasterRunning: () => keymaster.isRunning,
        });
      },
    });
    const rebootMs = options.rebootMs ?? 1000;
    const running: RunningBoard = new RunningBoard(
      board,
      { ssh, keymaster, hostKey: key.hostKey, address, rebootMs },
      place,
    );
    await running.#goUp();
    return running;
  }

  get name(): string {
    return this.#board.name;
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

  get faults(): Faults {
    return this.#board.faults;
  }

  set faults(faults: Faults) {
    this.#board.faults = faults;
  }

  authorizedKeys(): Promise<string[]> {
    return readAuthorizedKeys(this.#board.files);
  }

  reboot(): Promise<void> {
    return this.goDown('linux');
  }

  goDown(into: 'linux' | 'bootloader'): Promise<void> {
    if (this.#power !== 'running') return this.#rebooting ?? Promise.resolve();
    this.#power = into === 'linux' ? 'rebooting' : 'bootloader';
    this.#rebooting = this.#stopServices().then(async () => {
      if (into === 'bootloader') return;
      await pause(this.#rebootMs, this.#closing.signal).then(
        () => this.#goUp(),
        () => undefined,
      );
    });
    return this.#rebooting;
  }

  async powerCycle(): Promise<void> {
    await this.#rebooting;
    if (this.#power === 'running') await this.#stopServices();
    await this.#goUp();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#rebooting;
    await this.#stopServices();
    await this.#keymaster.dispose();
    this.#power = 'off';
    if (this.#isTemporary) await rm(this.rootDir, { recursive: true, force: true, maxRetries: 3 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #goUp(): Promise<void> {
    this.#board.powerOn();
    if (!refuses(this.faults, 'connect')) await this.#ssh.listen();
    await this.#keymaster.start();
    this.#power = 'running';
  }

  async #stopServices(): Promise<void> {
    this.#board.powerOff();
    this.#ssh.stopListening();
    this.#ssh.dropConnections();
    await this.#keymaster.stop();
  }
}

async function storedName(rootDir: string): Promise<string | undefined> {
  const text = await readFile(join(rootDir, 'etc', 'hostname'), 'utf8').catch(() => '');
  return text.trim() === '' ? undefined : text.trim();
}

function newName(): string {
  const adjectives = ['bored', 'clever', 'eager', 'green', 'jolly', 'keen', 'lucky', 'quiet', 'shy', 'tidy'];
  const nouns = ['apple', 'bird', 'clam', 'eel', 'fish', 'horn', 'kite', 'lamp', 'pear', 'wasp'];
  const pick = (words: readonly string[]): string => words[randomInt(words.length)] ?? '';
  return `${pick(adjectives)}-${pick(nouns)}`;
}
