import { MdtError, ProtocolError, TimeoutError, TransportError, type MdtErrorDetails } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { connectReason } from '../host/system-error.js';
import type { ConnectProgress, ConnectStage } from './connect-options.js';

/** The server does not let this user in with the credentials given; `facts.methods` is what it would take. */
export class AuthenticationError extends MdtError {
  /** Methods that the server offers, such as `publickey`; empty if it told none. */
  readonly methods: readonly string[];

  constructor(message: string, methods: readonly string[], details: MdtErrorDetails = {}) {
    super('unauthorised', 'AUTHENTICATION', message, { ...details, facts: { ...details.facts, methods } });
    this.methods = methods;
  }
}

/** The server showed its key and did not finish the login in time. */
export class LoginTimeoutError extends TimeoutError {}

/** How a server turns a connection away before it greets; `limit` and `penalty` are what OpenSSH says. */
export type BusyKind = 'limit' | 'penalty' | 'closed';

/**
 * The server took the connection and ended it before its greeting, as sshd does that has as many logins under way as it
 * allows (MaxStartups), that is still starting, or that holds off this host for a while. Another try may succeed.
 */
export class ServerBusyError extends MdtError {
  readonly kind: BusyKind;

  constructor(kind: BusyKind, { peer, address }: Peer, cause?: unknown) {
    super('timeout', 'SERVER_BUSY', BUSY[kind](peer), {
      cause,
      hint:
        kind === 'closed'
          ? 'Its SSH server may have too many logins under way, be still starting, or turn this host away: try again.'
          : 'Try again when fewer programs connect to it.',
      facts: { peer: address, kind },
    });
    this.kind = kind;
  }
}

const BUSY: Readonly<Record<BusyKind, (peer: string) => string>> = {
  limit: peer => `${peer} is busy: it has as many logins under way as it allows.`,
  penalty: peer => `${peer} accepts no login from this host for a while.`,
  closed: peer => `${peer} closed the connection before its greeting.`,
};

/** What OpenSSH sends in place of its greeting (sshd.c: `Exceeded MaxStartups`; since 9.8 `Not allowed at this time`). */
function busyKind(bytes: Buffer): BusyKind | undefined {
  const text = bytes.toString('latin1');
  if (text === '') return 'closed';
  if (text.startsWith('Exceeded MaxStartups')) return 'limit';
  return text.startsWith('Not allowed at this time') ? 'penalty' : undefined;
}

/** A server as messages call it, and where it is. */
export type Peer = Pick<ConnectProgress, 'peer' | 'address'>;

/** What is being done in each stage, as it reads after "Timed out while". */
export function stageOperation(stage: ConnectStage, peer: string): string {
  switch (stage) {
    case 'connecting':
      return `connecting to ${peer}`;
    case 'greeting':
      return `waiting for ${peer} to answer: it accepts connections and says nothing`;
    case 'key-exchange':
      return `agreeing on keys with ${peer}`;
    case 'authenticating':
    case 'ready':
      return `logging in to ${peer}`;
  }
}

export function stageHint(stage: ConnectStage): string {
  return stage === 'connecting'
    ? 'Check that the board has power and that the cable or the network leads to it.'
    : 'The board may be busy or hung: wait for its boot to end, or restart it.';
}

/** An established connection that broke, for whatever ssh2 says about it. */
export function lostConnection(peer: string, cause?: Error & { level?: string }): TransportError {
  const reason = lossReason(cause);
  return new TransportError(`The connection to ${peer} was lost${reason === '' ? '' : `: ${reason}`}.`, {
    cause,
    hint: 'Check that the board still has power and try again.',
    facts: { peer },
  });
}

function lossReason(cause: (Error & { level?: string }) | undefined): string {
  if (cause?.level === 'client-socket') return connectReason(cause);
  return cause?.level === 'client-timeout' ? 'it stopped answering' : safeText(cause?.message ?? '');
}

/** A socket that could not be opened or broke. */
export function socketError(error: NodeJS.ErrnoException, progress: ConnectProgress): TransportError | ServerBusyError {
  const { peer, address, stage } = progress;
  const isTurnedAway = stage === 'greeting' || (stage === 'connecting' && error.code === 'ECONNRESET');
  if (isTurnedAway) return new ServerBusyError('closed', progress, error);
  const reason = connectReason(error);
  const message =
    stage === 'connecting' ? `Cannot connect to ${peer}: ${reason}.` : `The connection to ${peer} was lost: ${reason}.`;
  return new TransportError(message, {
    cause: error,
    hint: stage === 'connecting' ? connectHint(error) : undefined,
    facts: { code: error.code, peer: address, stage },
  });
}

/** An address that refuses is there; power and cable are in order. */
function connectHint({ code }: NodeJS.ErrnoException): string {
  if (code !== 'ECONNREFUSED') return stageHint('connecting');
  return 'Its SSH server may be still starting, or listen on another port: name it as BOARD:PORT.';
}

/** The server ended the connection before the session was there; `received` is what it said until its greeting. */
export function closedEarly(progress: ConnectProgress, received: Buffer): MdtError {
  const { peer, address, stage } = progress;
  const busy = stage === 'greeting' ? busyKind(received) : undefined;
  if (busy) return new ServerBusyError(busy, progress);
  if (stage === 'greeting') return notSsh(peer, received);
  return new TransportError(`${peer} closed the connection ${CLOSED_WHILE[stage]}.`, {
    facts: { code: 'CLOSED', peer: address, stage },
  });
}

const CLOSED_WHILE: Readonly<Record<Exclude<ConnectStage, 'greeting'>, string>> = {
  connecting: 'at once',
  'key-exchange': 'in the middle of the key exchange',
  authenticating: 'while logging in',
  ready: 'again',
};

/** The server said something that is not SSH, or that breaks its rules; `bytes` is the start of what came. */
export function notSsh(peer: string, bytes: Buffer): ProtocolError {
  const text = safeText(bytes.toString('latin1'), 60);
  return new ProtocolError(`${peer} does not speak SSH${text === '' ? '' : `: it said "${text}"`}.`, {
    hint: 'Check the address and the port.',
    facts: { peer, bytes },
  });
}

/** Server and client share no algorithm of a kind; both lists, and where the server's is set. */
export function nothingInCommon(peer: string, { what, setting, server, client }: Mismatch): ProtocolError {
  const offered = server.map(name => safeText(name, 64)).join(', ');
  return new ProtocolError(`${peer} and mdt have no ${what} in common: the board offers ${offered || 'none'}.`, {
    hint: `Allow one of these in ${setting} of the board's /etc/ssh/sshd_config: ${client.join(', ')}.`,
    facts: { peer, what, server, client },
  });
}

export interface Mismatch {
  /** For people: `key exchange`, `cipher`. */
  readonly what: string;
  /** Keyword of sshd_config(5). */
  readonly setting: string;
  readonly server: readonly string[];
  readonly client: readonly string[];
}

export function brokenProtocol(peer: string, error: Error, bytes: Buffer): ProtocolError {
  return new ProtocolError(`${peer} broke the rules of SSH: ${safeText(error.message)}.`, {
    cause: error,
    facts: { peer, bytes },
  });
}
