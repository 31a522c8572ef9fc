/**
 * Every error that mdt raises on purpose, and the exit code each family ends the command with.
 * A message is one plain sentence; `hint` is one more that says what to do next.
 */

/** Exit code of `mdt` for each family of errors; part of the public interface, never renumbered. */
export const EXIT_CODES = {
  bug: 1,
  usage: 2,
  'not-found': 3,
  unauthorised: 4,
  io: 5,
  'bad-response': 6,
  refused: 7,
  timeout: 8,
  aborted: 130,
} as const;

/** Families of errors, each with an exit code of its own. */
export type ErrorFamily = keyof typeof EXIT_CODES;

/** What an error carries besides its message. */
export interface MdtErrorDetails {
  /** One sentence that says what to do next. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** What a script may want to read: names, addresses, sizes, limits. */
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
}

/** Base of all expected errors; `code` is stable across releases, the message is not. */
export class MdtError extends Error {
  readonly code: string;
  readonly family: ErrorFamily;
  readonly hint: string | undefined;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(family: ErrorFamily, code: string, message: string, details: MdtErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.family = family;
    this.code = code;
    this.hint = details.hint;
    this.facts = details.facts ?? {};
  }

  get exitCode(): number {
    return EXIT_CODES[this.family];
  }
}

/** The command line, a setting or an argument is wrong; nothing was changed. */
export class UsageError extends MdtError {
  constructor(message: string, details: MdtErrorDetails = {}) {
    super('usage', 'USAGE', message, details);
  }
}

/** No board matches, or the board is not there. */
export class DeviceNotFoundError extends MdtError {
  constructor(message: string, details: MdtErrorDetails = {}) {
    super('not-found', 'DEVICE_NOT_FOUND', message, details);
  }
}

/** More than one board matches; `facts.candidates` names them all. */
export class AmbiguousDeviceError extends MdtError {
  constructor(message: string, details: MdtErrorDetails = {}) {
    super('not-found', 'DEVICE_AMBIGUOUS', message, details);
  }
}

/** The board answered and did not accept this host: not paired, or every way to pair was refused. */
export class PairingRefusedError extends MdtError {
  constructor(message: string, details: MdtErrorDetails = {}) {
    super('unauthorised', 'PAIRING_REFUSED', message, details);
  }
}

/** The board shows another host key than the one pinned at pairing. */
export class HostKeyChangedError extends MdtError {
  constructor(message: string, details: MdtErrorDetails = {}) {
    super('unauthorised', 'HOST_KEY_CHANGED', message, details);
  }
}

/** The connection could not be made or was lost. */
export class TransportError extends MdtError {
  constructor(message: string, details: MdtErrorDetails = {}) {
    super('io', 'TRANSPORT', message, details);
  }
}

/** Another program uses the device. */
export class DeviceBusyError extends MdtError {
  constructor(message: string, details: MdtErrorDetails = {}) {
    super('io', 'DEVICE_BUSY', message, details);
  }
}

/** A file, folder or device on this host may not be read, written or opened as it is. */
export class PermissionError extends MdtError {
  constructor(message: string, details: MdtErrorDetails = {}) {
    super('io', 'PERMISSION', message, details);
  }
}

/** A file on this host or on the board could not be read or written. */
export class FileError extends MdtError {
  constructor(message: string, details: MdtErrorDetails = {}) {
    super('io', 'FILE', message, details);
  }
}

/** The other side said something that its protocol does not allow; `facts.bytes` carries it. */
export class ProtocolError extends MdtError {
  constructor(message: string, details: MdtErrorDetails = {}) {
    super('bad-response', 'PROTOCOL', message, details);
  }
}

/** The board understood and said no: a remote command failed, a package was not installed. */
export class BoardRefusedError extends MdtError {
  constructor(message: string, details: MdtErrorDetails = {}) {
    super('refused', 'BOARD_REFUSED', message, details);
  }
}

/** `operation` did not finish within `timeoutMs`. */
export class TimeoutError extends MdtError {
  readonly operation: string;
  readonly timeoutMs: number;

  constructor(operation: string, timeoutMs: number, details: MdtErrorDetails = {}) {
    super('timeout', 'TIMEOUT', `Timed out after ${formatSeconds(timeoutMs)} while ${operation}.`, {
      ...details,
      facts: { ...details.facts, operation, timeoutMs },
    });
    this.operation = operation;
    this.timeoutMs = timeoutMs;
  }
}

/** The user or the caller's AbortSignal ended the operation. */
export class AbortedError extends MdtError {
  constructor(details: MdtErrorDetails = {}) {
    super('aborted', 'ABORTED', 'Interrupted.', details);
  }
}

function formatSeconds(timeoutMs: number): string {
  return `${String(Math.round(timeoutMs / 100) / 10)} s`;
}
