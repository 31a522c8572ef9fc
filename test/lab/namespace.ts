import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  mustRun,
  runProgram,
  spawnProgram,
  waitForLine,
  type ProgramResult,
  type RunProgramOptions,
} from './program.js';

/** The repository; this file runs from `.build/test/lab/`. */
export const repositoryRoot = join(import.meta.dirname, '..', '..', '..');

export type NamespaceKind = 'desk' | 'hub' | 'board';

/**
 * A machine of the lab: network, mount, host-name and process namespaces that live as long as their first process,
 * which lives as long as a pipe from this one stays open. So everything in it (programs, mounts, interfaces) is gone when
 * the lab is closed, and also when the test process is killed; there is nothing to sweep up.
 */
export class Namespace implements AsyncDisposable {
  readonly name: string;
  /** Process id, as this process sees it, of the namespace's first process; `ip link … netns PID` takes it. */
  readonly pid: number;
  readonly #kind: NamespaceKind;
  readonly #holder: ChildProcessWithoutNullStreams;
  readonly #children = new Set<ChildProcessWithoutNullStreams>();

  private constructor(name: string, kind: NamespaceKind, holder: ChildProcessWithoutNullStreams, pid: number) {
    this.name = name;
    this.pid = pid;
    this.#kind = kind;
    this.#holder = holder;
  }

  /** Makes the namespaces and runs test/lab/KIND.sh in them as their first process, with `env`. */
  static async create(name: string, kind: NamespaceKind, env: Record<string, string> = {}): Promise<Namespace> {
    const script = join(repositoryRoot, 'test', 'lab', `${kind}.sh`);
    const unshare = ['unshare', '--mount', '--uts', '--net', '--pid', '--fork', '--kill-child'];
    const holder = spawnProgram([...unshare, '--propagation', 'private', 'bash', script], {
      env: { LAB_NAME: name, ...env },
    });
    holder.stdin.on('error', () => undefined);
    const complaint = new Promise<never>((_resolve, reject) => {
      let text = '';
      holder.stderr.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-4000)));
      holder.once('error', reject);
      holder.once('close', code => {
        reject(new Error(`the ${kind} ${name} ended with ${String(code)}: ${text.trim()}`));
      });
    });
    complaint.catch(() => undefined); // After the start nobody waits for it any more.
    const ready = await Promise.race([waitForLine(holder.stdout, /^ready \d+$/), complaint]);
    return new Namespace(name, kind, holder, Number(ready.split(' ')[1]));
  }

  /** Command line that runs `argv` inside. Programs of a board die with it; those of the desk are the caller's children. */
  enter(argv: readonly string[]): string[] {
    const inside = this.#kind === 'board' ? ['--pid', '--root', '--wd'] : [];
    return ['nsenter', '--target', String(this.pid), '--mount', '--uts', '--net', ...inside, '--', ...argv];
  }

  /** Like `enter`, but the program is killed when the namespace ends. */
  #enterForLife(argv: readonly string[]): string[] {
    return ['nsenter', '--target', String(this.pid), '--mount', '--uts', '--net', '--pid', '--root', '--wd', ...argv];
  }

  run(argv: readonly string[], options?: RunProgramOptions): Promise<ProgramResult> {
    return runProgram(this.enter(argv), options);
  }

  mustRun(argv: readonly string[], options?: RunProgramOptions): Promise<string> {
    return mustRun(this.enter(argv), options);
  }

  /** Starts a program inside; what still runs when the namespace is closed is killed then. */
  spawn(argv: readonly string[], options?: RunProgramOptions): ChildProcessWithoutNullStreams {
    const child = spawnProgram(this.enter(argv), options);
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    return child;
  }

  /** Starts a program that is killed when the namespace ends, also where this process is killed before it closes it. */
  spawnForLife(argv: readonly string[]): ChildProcessWithoutNullStreams {
    return spawnProgram(this.#enterForLife(argv));
  }

  /** Starts a program that stays, and waits for the line on its standard error that says it is ready. */
  async startDaemon(argv: readonly string[], ready: RegExp, env?: Record<string, string>): Promise<void> {
    const child = spawnProgram(this.#enterForLife(argv), env === undefined ? {} : { env });
    child.stdin.end();
    child.stdout.resume();
    await waitForLine(child.stderr, ready);
  }

  /** Runs many `ip` commands in one process. */
  async ip(commands: readonly string[]): Promise<void> {
    await this.mustRun(['ip', '-batch', '-'], { input: `${commands.join('\n')}\n` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const closed = once(this.#holder, 'close');
    this.#holder.stdin.end();
    this.#holder.kill('SIGTERM');
    await closed;
  }
}
