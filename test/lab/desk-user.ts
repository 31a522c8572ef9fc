import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { DeviceJson } from '../../src/cli/output/devices.js';
import { MDT } from '../contract/board-under-test.js';
import { tempDir } from '../fixtures/temp-dir.js';
import type { Namespace } from './namespace.js';
import { mustRun, runProgram, type ProgramResult, type RunProgramOptions } from './program.js';
import { searchAgain } from '../fixtures/search-again.js';

/** Where mdt runs, and the boards that are there to be found. */
export interface Desk {
  readonly desk: Namespace;
  readonly boards: readonly unknown[];
}

/** Somebody who uses mdt at the desk of a lab, with settings and keys of their own. */
export class DeskUser {
  /** For their files; `config` in it is mdt's folder. */
  readonly folder: string;
  readonly #lab: Desk;

  private constructor(lab: Desk, folder: string) {
    this.#lab = lab;
    this.folder = folder;
  }

  static async of(t: ExecutionContext, lab: Desk): Promise<DeskUser> {
    return new DeskUser(lab, await tempDir(t));
  }

  mdt(words: readonly string[], options: RunProgramOptions = {}): Promise<ProgramResult> {
    return runProgram(this.#lab.desk.enter([...MDT, ...words]), { ...options, env: { ...this.#env, ...options.env } });
  }

  /** Starts mdt; what still runs when the lab is closed is killed. */
  spawn(words: readonly string[]): ChildProcessWithoutNullStreams {
    return this.#lab.desk.spawn([...MDT, ...words], { env: this.#env });
  }

  /** What must succeed; its standard output. */
  async must(words: readonly string[], options?: RunProgramOptions): Promise<string> {
    const result = await this.mdt(words, options);
    if (result.code !== 0) {
      throw new Error(`mdt ${words.join(' ')} ended with ${String(result.code)}: ${result.stderr.toString()}`);
    }
    return result.stdout.toString();
  }

  /** Makes this user's key; the line that a board has to have. */
  async publicKey(): Promise<string> {
    await this.must(['genkey']);
    return `${await mustRun(['ssh-keygen', '-y', '-f', join(this.folder, 'config', 'keys', 'mdt.key')])} mdt\n`;
  }

  /** The boards of `mdt devices --json`, by name. */
  async devices(...flags: string[]): Promise<readonly DeviceJson[]> {
    return JSON.parse(await this.must(['devices', '--json', ...flags])) as DeviceJson[];
  }

  /** The same when all boards of the lab have been found, and `interfaces` in all by which each of them can be reached. */
  async allDevices(interfaces = 1): Promise<readonly DeviceJson[]> {
    const ways = ({ routes }: DeviceJson): number =>
      new Set(routes.map(route => (route.kind === 'ssh' ? route.interface : null))).size;
    return await searchAgain(
      () => this.devices(),
      devices => devices.length >= this.#lab.boards.length && devices.every(device => ways(device) >= interfaces),
    );
  }

  get #env(): Record<string, string | undefined> {
    return {
      MDT_CONFIG_DIR: join(this.folder, 'config'),
      MDT_DEVICE: undefined,
      MDT_USERNAME: undefined,
      MDT_PASSWORD: undefined,
      NO_COLOR: '1',
    };
  }
}
