import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabBoard } from '../lab/board.js';
import { startLab, type Lab } from '../lab/lab.js';
import { repositoryRoot } from '../lab/namespace.js';
import { openSshPeers, type OpenSshPeer } from '../lab/openssh.js';
import { runProgram, type RunProgramOptions } from '../lab/program.js';
import { timed } from './measure.js';

/** The built command as users start it. */
export const MDT = [process.execPath, join(repositoryRoot, 'bin', 'mdt.js')] as const;

/** A lab whose boards are paired with mdt and known to OpenSSH, with the same key on both sides. */
export class BenchDesk implements AsyncDisposable {
  readonly lab: Lab;
  readonly folder: string;
  readonly peers: readonly OpenSshPeer[];

  private constructor(lab: Lab, folder: string, peers: readonly OpenSshPeer[]) {
    this.lab = lab;
    this.folder = folder;
    this.peers = peers;
  }

  static async open(boards: number): Promise<BenchDesk> {
    const folder = await mkdtemp(join(tmpdir(), 'mdt-bench-'));
    const lab = await startLab({ boards });
    const config = join(folder, 'config');
    await mkdir(join(config, 'keys'), { recursive: true, mode: 0o700 });
    const peers = await openSshPeers(lab.boards, folder, join(config, 'keys', 'mdt.key'));
    const desk = new BenchDesk(lab, folder, peers);
    await desk.mdt(['pair', lab.board().name]);
    return desk;
  }

  get board(): LabBoard {
    return this.lab.board();
  }

  get peer(): OpenSshPeer {
    const [peer] = this.peers;
    if (peer === undefined) throw new Error('the lab has no board');
    return peer;
  }

  /** Options of the peer as words of a shell command. */
  get sshWords(): string {
    return ['ssh', ...this.peer.options].map(word => `'${word}'`).join(' ');
  }

  /** Runs mdt at the desk; returns the milliseconds it took. Throws if it fails. */
  mdt(words: readonly string[], options: RunProgramOptions = {}): Promise<number> {
    return this.time([...MDT, ...words], options);
  }

  /** Environment of mdt: settings and keys of the benchmark's own. */
  get env(): Record<string, string | undefined> {
    return {
      MDT_CONFIG_DIR: join(this.folder, 'config'),
      MDT_DEVICE: this.lab.board().name,
      NO_COLOR: '1',
      CI: undefined,
    };
  }

  /** Runs any program at the desk; returns the milliseconds it took. Throws if it fails. */
  async time(argv: readonly string[], options: RunProgramOptions = {}): Promise<number> {
    const command = this.lab.desk.enter(argv);
    const settings = { timeoutMs: 600_000, ...options, env: { ...this.env, ...options.env } };
    let failure: string | undefined;
    const ms = await timed(async () => {
      const result = await runProgram(command, settings);
      if (result.code !== 0)
        failure = `${argv.join(' ')} ended with ${String(result.code)}: ${result.stderr.toString()}`;
    });
    if (failure !== undefined) throw new Error(failure);
    return ms;
  }

  /** Runs OpenSSH's sftp with a batch of commands. */
  sftp(commands: readonly string[], flags: readonly string[] = []): Promise<number> {
    const argv = ['sftp', '-q', '-b', '-', ...flags, ...this.peer.options, this.peer.destination];
    return this.time(argv, { input: `${commands.join('\n')}\n` });
  }

  /** Runs a script of a peer whose programs are joined by pipes. */
  shell(script: string): Promise<number> {
    return this.time(['bash', '-o', 'pipefail', '-c', script]);
  }

  /** A local folder with nothing in it, on this desk's disk. */
  async emptyFolder(): Promise<string> {
    const folder = join(this.folder, 'empty');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    return folder;
  }

  /** Removes what the last run left on the board; not part of any time. */
  async clean(): Promise<void> {
    await this.board.shell('rm -rf /home/mendel/bench && install -d -o mendel -g mendel /home/mendel/bench');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}
