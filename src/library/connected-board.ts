import type { BenchReport } from '../bench/report.js';
import type { Device } from '../device/device.js';
import type { InstallOptions, InstallResult } from '../files/install.js';
import type { PackageOperation } from '../files/package-run.js';
import type { TransferSummary } from '../files/transfer.js';
import type { BoardModel } from '../models/board-models.js';
import type { PushModelsResult } from '../models/push-models.js';
import type { RemovedModel } from '../models/remove-models.js';
import type { Contact } from '../pairing/contact.js';
import type { PairMethod } from '../pairing/first-contact.js';
import type { Forward } from '../ssh/forward.js';
import type { ExecOptions, RemoteProcess, SshSession } from '../ssh/session.js';
import type { LongOperation } from '../time/progress.js';
import type { BenchOptions, Board, CopyOptions, ForwardRequest, ModelPushOptions } from './board.js';
import { runCommand, type CommandOptions, type CommandResult } from './run-command.js';

/** The board behind one connection. What each method needs is loaded when it is first called. */
export class ConnectedBoard implements Board {
  readonly device: Device;
  readonly pairedBy: PairMethod;
  readonly #session: SshSession;

  constructor({ device, method, session }: Contact) {
    this.device = device;
    this.pairedBy = method;
    this.#session = session;
  }

  get closed(): Promise<Error | undefined> {
    return this.#session.closed;
  }

  run(
    command: string | readonly string[],
    options: CommandOptions & { encoding: 'utf8' },
  ): Promise<CommandResult<string>>;
  run(command: string | readonly string[], options?: CommandOptions & { encoding?: 'buffer' }): Promise<CommandResult>;
  async run(
    command: string | readonly string[],
    options: CommandOptions = {},
  ): Promise<CommandResult<string> | CommandResult> {
    const result = await runCommand(this.#session, command, options);
    if (options.encoding !== 'utf8') return result;
    return { ...result, stdout: result.stdout.toString('utf8'), stderr: result.stderr.toString('utf8') };
  }

  async start(command: string, options?: ExecOptions): Promise<RemoteProcess> {
    return await this.#session.exec(command, options);
  }

  async shell(options: ExecOptions & Required<Pick<ExecOptions, 'pty'>>): Promise<RemoteProcess> {
    return await this.#session.shell(options);
  }

  async push(sources: readonly string[], destination?: string, options: CopyOptions = {}): Promise<TransferSummary> {
    const [{ push }, { REMOTE_HOME, remotePath }] = await Promise.all([
      import('../files/push.js'),
      import('../files/arguments.js'),
    ]);
    const request = { sources, destination: destination === undefined ? `${REMOTE_HOME}/` : remotePath(destination) };
    return await push(this.#session, { ...request, options }, options);
  }

  async pull(sources: readonly string[], destination = './', options: CopyOptions = {}): Promise<TransferSummary> {
    const [{ pull }, { remotePath }] = await Promise.all([import('../files/pull.js'), import('../files/arguments.js')]);
    return await pull(this.#session, { sources: sources.map(remotePath), destination, options }, options);
  }

  async install(debFiles: readonly string[], options: InstallOptions = {}): Promise<InstallResult> {
    const { installPackages } = await import('../files/install.js');
    return await installPackages(this.#session, debFiles, options);
  }

  async uninstall(names: readonly string[], options: PackageOperation = {}): Promise<void> {
    const { uninstallPackages } = await import('../files/uninstall.js');
    await uninstallPackages(this.#session, names, options);
  }

  async models({ signal }: LongOperation = {}): Promise<readonly BoardModel[]> {
    const { surveyModels } = await import('../models/board-models.js');
    return (await surveyModels(this.#session, { signal })).models;
  }

  async pushModels(files: readonly string[], options: ModelPushOptions = {}): Promise<PushModelsResult> {
    const { pushModels } = await import('../models/push-models.js');
    return await pushModels(this.#session, { files, name: options.name, force: options.force }, options);
  }

  async removeModels(names: readonly string[], { signal }: LongOperation = {}): Promise<readonly RemovedModel[]> {
    const { removeModels } = await import('../models/remove-models.js');
    return await removeModels(this.#session, names, signal);
  }

  async bench(files: readonly string[], options: BenchOptions = {}): Promise<BenchReport> {
    const { runBench } = await import('../bench/run-bench.js');
    const about = { files, boardName: this.device.name, mdtVersion: MDT_VERSION };
    const { report } = await runBench(this.#session, { target: 'tpu', ...options, ...about }, options);
    return report;
  }

  async forward(spec: string, { reverse = false, ...options }: ForwardRequest = {}): Promise<Forward> {
    const [{ parseForward }, { forwardLocal, forwardReverse }] = await Promise.all([
      import('../ssh/forward-spec.js'),
      import('../ssh/forward.js'),
    ]);
    return await (reverse ? forwardReverse : forwardLocal)(this.#session, parseForward(spec), options);
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
