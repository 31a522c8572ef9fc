import { MdtError, ProtocolError, TransportError, type MdtErrorDetails } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { connectReason } from '../device/system-error.js';

/** How far a connection got; decides what an error of it means. */
export type ConnectStage = 'connecting' | 'greeting' | 'key-exchange' | 'authenticating' | 'ready';

/** The server does not let this user in with the credentials given; `facts.methods` is what it would take. */
export class AuthenticationError extends MdtError {
  /** Methods that the server offers, such as `publickey`; empty if it told none. */
  readonly methods: readonly string[];

  constructor(message: string, methods: readonly string[], details: MdtErrorDetails = {}) {
    super('unauthorised', 'AUTHENTICATION', message, { ...details, facts: { ...details.facts, methods } });
    this.methods = methods;
  }
}

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
  if (cause?.level === 'client-socket') return socketError(cause, peer, 'ready');
  const reason = cause?.level === 'client-timeout' ? 'it stopped answering' : safeText(cause?.message ?? '');
  return new TransportError(`The connection to ${peer} was lost${reason === '' ? '' : `: ${reason}`}.`, {
    cause,
    hint: 'Check that the board still has power and try again.',
    facts: { peer },
  });
}

/** A socket that could not be opened or broke. */
export function socketError(error: NodeJS.ErrnoException, peer: string, stage: ConnectStage): TransportError {
  const reason = connectReason(error);
  const message =
    stage === 'connecting' ? `Cannot connect to ${peer}: ${reason}.` : `The connection to ${peer} was lost: ${reason}.`;
  return new TransportError(message, {
    cause: error,
    hint: stage === 'connecting' ? stageHint('connecting') : undefined,
    facts: { code: error.code, peer, stage },
  });
}

/** The server ended the connection before the session was there. */
export function closedEarly(peer: string, stage: ConnectStage): TransportError {
  return new TransportError(`${peer} closed the connection ${CLOSED_WHILE[stage]}.`, {
    hint: stage === 'greeting' ? 'Its SSH server may be overloaded or still starting: try again.' : undefined,
    facts: { code: 'CLOSED', peer, stage },
  });
}

const CLOSED_WHILE: Readonly<Record<ConnectStage, string>> = {
  connecting: 'at once',
  greeting: 'before it said anything in SSH',
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

export function brokenProtocol(peer: string, error: Error, bytes: Buffer): ProtocolError {
  return new ProtocolError(`${peer} broke the rules of SSH: ${safeText(error.message)}.`, {
    cause: error,
    facts: { peer, bytes },
  });
}
