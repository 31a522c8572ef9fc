import type { SFTPWrapper } from 'ssh2';
import { safeText } from '../device/board-text.js';
import { MdtError, ProtocolError, TimeoutError, TransportError } from '../errors.js';

/** Status codes, draft-ietf-secsh-filexfer-02 section 7. */
export const SFTP_STATUS = {
  eof: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  unsupported: 8,
} as const;

/** The board said no to an operation on one of its files. */
export class RemoteFileError extends MdtError {
  /** Status code of the protocol, see SFTP_STATUS. */
  readonly status: number;

  constructor(message: string, status: number, path: string, cause?: unknown) {
    super('io', 'REMOTE_FILE', message, { cause, facts: { path, status } });
    this.status = status;
  }
}

export function isRemoteFileError(error: unknown, status?: number): error is RemoteFileError {
  return error instanceof RemoteFileError && (status === undefined || error.status === status);
}

type Done<T> = (error: Error | undefined | null, value: T) => void;

/** How long a board may leave all requests unanswered; one answer of many that are under way is enough. */
const SILENCE_TIMEOUT_MS = 60_000;

/**
 * Requests on one SFTP channel as promises. ssh2 leaves requests that are made after the end of the channel unanswered;
 * here they fail at once.
 */
export class SftpRequests {
  readonly #sftp: SFTPWrapper;
  readonly #silenceTimeoutMs: number;
  readonly #waiting = new Set<(error: Error) => void>();
  #silence: NodeJS.Timeout | undefined;
  #ended: TransportError | ProtocolError | TimeoutError | undefined;

  constructor(sftp: SFTPWrapper, silenceTimeoutMs = SILENCE_TIMEOUT_MS) {
    this.#sftp = sftp;
    this.#silenceTimeoutMs = silenceTimeoutMs;
    const end = (): void => {
      this.#ended ??= new TransportError('The connection to the board was lost in the middle of a file operation.');
    };
    sftp.on('end', end).on('close', end);
    sftp.on('error', (error: Error) => {
      this.#ended ??= new ProtocolError(`The board broke the rules of SFTP: ${safeText(error.message)}.`, {
        cause: error,
      });
    });
  }

  async ask<T>(path: string, request: (sftp: SFTPWrapper, done: Done<T>) => void): Promise<T> {
    if (this.#ended) throw this.#ended;
    return new Promise<T>((resolve, reject) => {
      const answered = (): void => {
        this.#waiting.delete(reject);
        this.#listen();
      };
      this.#waiting.add(reject);
      if (this.#waiting.size === 1) this.#listen();
      try {
        request(this.#sftp, (error, value) => {
          answered();
          if (error) reject(this.#explain(error, path));
          else resolve(value);
        });
      } catch (error) {
        answered();
        reject(this.#explain(error instanceof Error ? error : new Error(String(error)), path));
      }
    });
  }

  /** Every answer starts the time anew; without requests there is nothing to wait for. */
  #listen(): void {
    clearTimeout(this.#silence);
    if (this.#waiting.size === 0) return;
    this.#silence = setTimeout(() => {
      this.#ended ??= new TimeoutError('waiting for the board to answer a file operation', this.#silenceTimeoutMs);
      for (const reject of this.#waiting) reject(this.#ended);
      this.#waiting.clear();
    }, this.#silenceTimeoutMs);
  }

  /** A request whose answer is only yes or no. */
  async command(
    path: string,
    request: (sftp: SFTPWrapper, done: (error?: Error | null) => void) => void,
  ): Promise<void> {
    await this.ask<undefined>(path, (sftp, done) => {
      request(sftp, error => {
        done(error, undefined);
      });
    });
  }

  #explain(error: Error & { code?: unknown }, path: string): Error {
    if (typeof error.code === 'number') {
      return new RemoteFileError(
        `${STATUS_TEXT[error.code] ?? safeText(error.message)}: ${safeText(path)}.`,
        error.code,
        path,
        error,
      );
    }
    if (error.message.includes('not support')) {
      return new RemoteFileError(
        `The board cannot do this with ${safeText(path)}.`,
        SFTP_STATUS.unsupported,
        path,
        error,
      );
    }
    this.#ended ??= new TransportError('The connection to the board was lost in the middle of a file operation.', {
      cause: error,
    });
    return this.#ended;
  }
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  [SFTP_STATUS.noSuchFile]: 'There is no such file or folder on the board',
  [SFTP_STATUS.permissionDenied]: 'The board does not permit access to',
  [SFTP_STATUS.failure]: 'The board failed to do this',
  [SFTP_STATUS.unsupported]: 'The board cannot do this',
};
