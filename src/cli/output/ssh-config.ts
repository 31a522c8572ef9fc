import { routeHost } from '../../device/route.js';
import type { KnownBoard } from '../../keys/known-boards.js';
import { knownHostsLine } from '../../keys/known-hosts.js';

export interface SshConfigFacts {
  readonly username: string;
  readonly keyFile: string;
  readonly knownHostsFile: string;
}

/** Entries of ssh_config(5), one for each board at the address it had last. */
export function sshConfigText(boards: readonly KnownBoard[], facts: SshConfigFacts): string {
  return boards
    .flatMap(board => entry(board, facts))
    .join('\n')
    .concat('\n');
}

function entry(board: KnownBoard, { username, keyFile, knownHostsFile }: SshConfigFacts): string[] {
  const route = board.routes[0];
  if (route === undefined) return [];
  return [
    `Host ${board.name}`,
    // ssh expands % in host names, which scopes of link-local addresses have.
    `  HostName ${routeHost(route).replaceAll('%', '%%')}`,
    `  Port ${String(route.port)}`,
    `  User ${username}`,
    `  IdentityFile ${quoted(keyFile)}`,
    '  IdentitiesOnly yes',
    `  HostKeyAlias ${board.name}`,
    `  HostKeyAlgorithms ${hostKeyAlgorithms(board.hostKey.algorithm)}`,
    `  UserKnownHostsFile ${quoted(knownHostsFile)}`,
    '  StrictHostKeyChecking yes',
    '',
  ];
}

/** Lines of a known_hosts file: boards stand under their names, since addresses are shared on USB. */
export function knownHostsText(boards: readonly KnownBoard[]): string {
  return boards.map(({ name, hostKey }) => `${knownHostsLine(name, hostKey)}\n`).join('');
}

/** RSA keys sign with SHA-2 under names of their own (RFC 8332). */
function hostKeyAlgorithms(algorithm: string): string {
  return algorithm === 'ssh-rsa' ? 'rsa-sha2-512,rsa-sha2-256' : algorithm;
}

/** ssh expands % in paths too. */
function quoted(path: string): string {
  const escaped = path.replaceAll('%', '%%');
  return /[\s#]/.test(escaped) ? `"${escaped}"` : escaped;
}
