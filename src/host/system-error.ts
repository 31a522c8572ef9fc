import { getSystemErrorMap } from 'node:util';

/*
 * What the codes of the operating system mean, so that none of them has to be shown. Those that are not named here are
 * told in the words that libuv has for them.
 */

const CONNECTING: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  EHOSTUNREACH: 'there is no way to this address',
  ENETUNREACH: 'there is no way to this network',
  EHOSTDOWN: 'the host is down',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name cannot be looked up now',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
  ENODEV: 'the interface is gone',
  EADDRNOTAVAIL: 'this host has no address for it',
  EACCES: 'this host does not allow it',
  EPERM: 'this host does not allow it',
};

/** Why a connection could not be made or was lost, as it reads after a colon. */
export function connectReason(error: unknown): string {
  return CONNECTING[codeOf(error)] ?? systemReason(error);
}

/** What the system says of a file, a socket or a device, as it reads after a colon: `permission denied`. */
export function systemReason(error: unknown): string {
  const { errno, message = String(error) } = error as Partial<NodeJS.ErrnoException>;
  return (errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1]) ?? message.replace(/\.$/, '');
}

/** The same as a hint, for a message that cannot say more than that it failed. */
export function systemHint(error: unknown): string {
  return `The system says: ${systemReason(error)}.`;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? '';
}
