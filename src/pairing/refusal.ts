import { safeText } from '../device/board-text.js';
import { formatRoute, SSH_PORT, type SshRoute } from '../device/route.js';
import { PairingRefusedError } from '../errors.js';
import type { KnownBoard } from '../keys/known-boards.js';
import { keyFingerprint } from '../keys/public-line.js';
import type { HostLogin } from './host.js';
import { isKeymasterAddress, type RouteAnswer } from './keymaster-routes.js';
import type { RefusingBoard } from './refusing-board.js';

/** What became of the password. `not-sent`: the board proved its key on no route that may be trusted with it. */
export type PasswordAnswer =
  { readonly kind: 'not-offered' | 'none' | 'not-sent' } | { readonly kind: 'refused'; readonly route: SshRoute };

export interface Tried {
  readonly keymasters: readonly RouteAnswer[];
  readonly password: PasswordAnswer;
}

const CONSOLE = 'run `mdt pair --console` with its serial console connected';

/** Every way to pair was tried in vain: what was tried over which route, and what the facts allow to advise. */
export function refused(login: HostLogin, board: RefusingBoard, tried: Tried): PairingRefusedError {
  const accepted = acceptedBefore(login, board.known);
  const reasons = [...byReason(tried.keymasters), ...passwordReason(tried.password)];
  const refusal = accepted ?? 'did not accept this host';
  return new PairingRefusedError(`${board.name} ${refusal}: ${reasons.join('; ')}.`, {
    hint: certainHint(login, tried) ?? (accepted ? whereToLook(login, board.known) : likelyHint(board, tried)),
    facts: {
      answers: tried.keymasters.map(({ route, ...answer }) => ({ ...answer, address: formatRoute(route) })),
      password: tried.password.kind,
      methods: board.error.methods,
      route: board.route,
      ...(board.known?.accepted ? { accepted: board.known.accepted } : {}),
    },
    cause: board.error,
  });
}

/** No route is local: nothing was tried. */
export function noLocalRoute(login: HostLogin, board: RefusingBoard): PairingRefusedError {
  const accepted = acceptedBefore(login, board.known);
  const routes = [...new Set([board.route, ...board.routes].map(formatRoute))];
  const refusal = accepted ?? 'does not accept the key of this host';
  return new PairingRefusedError(`${board.name} ${refusal}, and no local link leads to it (${routes.join(', ')}).`, {
    hint: accepted
      ? whereToLook(login, board.known)
      : 'Connect the board by its USB data port and run `mdt pair`, or by its serial console and run `mdt pair --console`; or add --allow-network if you trust this network.',
    facts: { route: board.route, ...(board.known?.accepted ? { accepted: board.known.accepted } : {}) },
    cause: board.error,
  });
}

/** The board refuses the key and this command is not to pair. */
export function notPaired(login: HostLogin, board: RefusingBoard): PairingRefusedError {
  const accepted = acceptedBefore(login, board.known);
  return new PairingRefusedError(`${board.name} ${accepted ?? 'does not accept the key of this host'}.`, {
    hint: accepted ? whereToLook(login, board.known) : `Pair with it first: \`mdt pair ${board.name}\`.`,
    cause: board.error,
  });
}

/** How the refusal reads of a board that let this host in before. */
function acceptedBefore({ identity }: HostLogin, known: KnownBoard | undefined): string | undefined {
  if (!known) return undefined;
  const { accepted, lastSeen } = known;
  if (!accepted) return `refuses the key of this host, though the two have been paired (noted on ${day(lastSeen)})`;
  return accepted.key === keyFingerprint(identity.publicLine)
    ? `refuses the key of this host, which it accepted before (last noted on ${day(accepted.at)})`
    : `refuses the key of this host; it accepted another one before (last noted on ${day(accepted.at)})`;
}

function day(time: string): string {
  return safeText(time.slice(0, 10));
}

function whereToLook({ identity, username }: HostLogin, known: KnownBoard | undefined): string {
  if (known?.accepted && known.accepted.key !== keyFingerprint(identity.publicLine)) {
    return `The key of this host has changed since: bring the old one back with \`mdt setkey FILE\`, or ${CONSOLE}.`;
  }
  return (
    'Look at the log of its sshd over the serial console (`mdt console`, then `sudo journalctl -u ssh`). Usual causes: ' +
    'its home, .ssh or authorized_keys may be written by others, or the key is gone from authorized_keys; ' +
    `${username} is the wrong user, has no login shell, or is denied by DenyUsers or AllowUsers; or its sshd no longer ` +
    'allows this type of key.'
  );
}

/** Each reason once, with the addresses that it holds for. */
function byReason(answers: readonly RouteAnswer[]): string[] {
  const groups = new Map<string, SshRoute[]>();
  for (const answer of answers) {
    const reason = describe(answer);
    groups.set(reason, [...(groups.get(reason) ?? []), answer.route]);
  }
  return [...groups].map(([reason, routes]) => reason.replace('@', routes.map(addressOf).join(', ')));
}

/** Without the port, which is that of sshd. */
function addressOf(route: SshRoute): string {
  return formatRoute({ ...route, port: SSH_PORT });
}

/** `@` stands for the addresses. */
function describe(answer: RouteAnswer): string {
  switch (answer.kind) {
    case 'accepted':
      return 'its keymaster at @ accepted the key, but its sshd does not';
    case 'other-board':
      return 'at @ another board answers, which was not given the key';
    case 'unproven':
      return 'nothing at @ proved to be this board, so it was not given the key';
    case 'refused':
      return `its keymaster at @ refused the key (${String(answer.status)} ${safeText(answer.text, 80).replace('@', ' at ')})`;
    case 'closed':
      return isKeymasterAddress(answer.route) ? 'its keymaster is not listening at @' : 'no keymaster listens at @';
    case 'silent':
      return `its keymaster at @ did not answer within ${String(answer.timeoutMs / 1000)} s`;
    case 'garbage':
      return `what listens at @ in place of its keymaster makes no sense (${answer.text.replace('@', ' at ')})`;
  }
}

function passwordReason(answer: PasswordAnswer): string[] {
  switch (answer.kind) {
    case 'refused':
      return [`the password was not accepted (sent over ${formatRoute(answer.route)})`];
    case 'not-offered':
      return ['its sshd accepts no passwords'];
    case 'none':
      return ['no password is set'];
    case 'not-sent':
      return ['the password was not sent'];
  }
}

/** Advice that an answer proves. */
function certainHint({ identity }: HostLogin, { keymasters }: Tried): string | undefined {
  if (keymasters.some(answer => answer.kind === 'other-board')) {
    return 'Two boards share an address: unplug one of them and run `mdt pair` again.';
  }
  if (keymasters.some(answer => answer.kind === 'accepted')) {
    return 'Look over its serial console (`mdt console`) at `sudo journalctl -u ssh`, and at who may write to its home and .ssh.';
  }
  const isRejected = keymasters.some(answer => answer.kind === 'refused' && answer.status === 400);
  if (isRejected && identity.algorithm !== 'ssh-rsa') {
    return 'The keymaster of this release accepts RSA keys only: make one with `mdt genkey --type rsa` and pair again.';
  }
  return undefined;
}

/** What may be so, most likely first. That another host has paired is one possibility, where its keymaster is shut. */
function likelyHint(board: RefusingBoard, { keymasters }: Tried): string {
  const onItsAddress = keymasters.filter(answer => isKeymasterAddress(answer.route));
  if (onItsAddress.length === 0) {
    return (
      'The keymaster of a board listens on its USB cable only: plug it in and pair again, or ' +
      `${CONSOLE}, or add --allow-network for 192.168.100.2 where that is this board.`
    );
  }
  if (onItsAddress.some(answer => answer.kind !== 'closed')) return `Restart the board and pair again, or ${CONSOLE}.`;
  return (
    `If the board has just started, pair again in a few seconds. Else ${CONSOLE}; or another host may have paired with ` +
    `it, in which case run \`mdt resetkeys ${board.name}\` there and pair again.`
  );
}
