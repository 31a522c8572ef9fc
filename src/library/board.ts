import type { BenchRequest } from '../bench/request.js';
import type { BenchReport } from '../bench/report.js';
import type { Device } from '../device/device.js';
import type { InstallOptions, InstallResult } from '../files/install.js';
import type { PackageOperation } from '../files/package-run.js';
import type { TransferOptions, TransferSummary } from '../files/transfer.js';
import type { BoardModel } from '../models/board-models.js';
import type { PushModelsRequest, PushModelsResult } from '../models/push-models.js';
import type { RemovedModel } from '../models/remove-models.js';
import type { PairMethod } from '../pairing/first-contact.js';
import type { Forward, ForwardOptions } from '../ssh/forward.js';
import type { ExecOptions, RemoteProcess } from '../ssh/session.js';
import type { LongOperation } from '../time/progress.js';
import type { CommandOptions, CommandResult } from './run-command.js';

/** What `board.push()` and `board.pull()` accept. */
export interface CopyOptions extends TransferOptions, LongOperation {}

/** What `board.pushModels()` accepts. */
export interface ModelPushOptions extends Omit<PushModelsRequest, 'files'>, LongOperation {}

/** What `board.bench()` accepts. */
export interface BenchOptions
  extends Partial<Omit<BenchRequest, 'files' | 'boardName' | 'mdtVersion'>>, LongOperation {}

/** What `board.forward()` accepts. */
export interface ForwardRequest extends ForwardOptions {
  /** The board listens, and this host connects. */
  readonly reverse?: boolean | undefined;
}

/**
 * One authenticated connection to a board. Every method uses this connection; several may run at the same time.
 * Close it with `close()`, or declare it with `await using`.
 */
export interface Board extends AsyncDisposable {
  /** The board as it was found. */
  readonly device: Device;
  /** How this host came to be trusted; `already-paired` is every connection but the first. */
  readonly pairedBy: PairMethod;
  /** Resolves when the connection has ended, with the error if it was lost. */
  readonly closed: Promise<Error | undefined>;

  /**
   * Runs a command to its end. A string is read by the shell of the board; a list of words arrives unchanged. A command
   * that fails is a result with its `exitCode`, not an error.
   * @throws TransportError, TimeoutError (30 s unless `timeoutMs` says otherwise), ProtocolError, AbortedError
   */
  run(
    command: string | readonly string[],
    options: CommandOptions & { encoding: 'utf8' },
  ): Promise<CommandResult<string>>;
  run(command: string | readonly string[], options?: CommandOptions & { encoding?: 'buffer' }): Promise<CommandResult>;
  /** Starts a command and hands over its streams. @throws TransportError, AbortedError */
  start(command: string, options?: ExecOptions): Promise<RemoteProcess>;
  /** Starts the login shell under a pseudo-terminal. @throws TransportError, AbortedError */
  shell(options: ExecOptions & Required<Pick<ExecOptions, 'pty'>>): Promise<RemoteProcess>;

  /** Copies files and folders of this host to the board; default destination: `/home/mendel/`. @throws as the function push does */
  push(sources: readonly string[], destination?: string, options?: CopyOptions): Promise<TransferSummary>;
  /** Copies files and folders of the board to this host; default destination: the current folder. @throws as the function pull does */
  pull(sources: readonly string[], destination?: string, options?: CopyOptions): Promise<TransferSummary>;

  /** Installs package files of this host, exactly these versions. @throws FileError, BoardRefusedError, NoSpaceError, TransportError, AbortedError */
  install(debFiles: readonly string[], options?: InstallOptions): Promise<InstallResult>;
  /** Removes packages by name. @throws UsageError, BoardRefusedError, TransportError, AbortedError */
  uninstall(names: readonly string[], options?: PackageOperation): Promise<void>;

  /** Lists the models on the board. @throws FileError, TransportError */
  models(options?: LongOperation): Promise<readonly BoardModel[]>;
  /** Puts models on the board; content that is there already is not sent again. @throws RuntimeTooOldError, UsageError, FileError */
  pushModels(files: readonly string[], options?: ModelPushOptions): Promise<PushModelsResult>;
  /** Removes models by name or by the beginning of their hash. @throws ModelNotFoundError, FileError */
  removeModels(names: readonly string[], options?: LongOperation): Promise<readonly RemovedModel[]>;
  /** Measures models on the Edge TPU of the board, or on its CPU. @throws AgentError, RuntimeTooOldError, UsageError */
  bench(files: readonly string[], options?: BenchOptions): Promise<BenchReport>;

  /**
   * Forwards connections, written as for `mdt forward`: `8080:80` leads from port 8080 of this host to port 80 of the
   * board. It ends with `close()` of the board, with its signal, or when it is disposed.
   * @throws UsageError, TransportError, PermissionError
   */
  forward(spec: string, options?: ForwardRequest): Promise<Forward>;

  /** Ends the connection. */
  close(): Promise<void>;
}
