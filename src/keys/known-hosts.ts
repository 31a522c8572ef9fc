import type { HostKey } from './host-key.js';

/** One line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT), without line end. */
export function knownHostsLine(host: string, key: HostKey): string {
  return `${host} ${key.algorithm} ${key.blob.toString('base64')}`;
}
