import type { Algorithms } from 'ssh2';

/**
 * What is offered, best first; the first that the server also has is used. Fast ones lead: X25519 is the quickest key
 * exchange of every OpenSSH since 6.5, AES-GCM needs no separate MAC. Nothing here relies on SHA-1 or CBC, which no
 * Mendel release (OpenSSH 7.4 and later) needs.
 */
const KEX = [
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group14-sha256',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group18-sha512',
  'diffie-hellman-group-exchange-sha256',
] as const;

const HOST_KEYS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const;

const CIPHERS = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
] as const;

const MACS = [
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-512',
] as const;

export interface AlgorithmChoice {
  /** Algorithm of the pinned host key, as its blob names it: the server is asked for that key first. */
  readonly hostKeyAlgorithm?: string | undefined;
  readonly compress?: boolean | undefined;
}

export function offeredAlgorithms(choice: AlgorithmChoice): Algorithms {
  return {
    kex: [...KEX],
    serverHostKey: hostKeyOrder(choice.hostKeyAlgorithm),
    cipher: [...CIPHERS],
    hmac: [...MACS],
    compress: choice.compress === true ? ['zlib@openssh.com', 'none'] : ['none'],
  };
}

/** The pinned key's own algorithms first, so that a server with several keys shows the one that is known. */
function hostKeyOrder(pinned: string | undefined): NonNullable<Algorithms['serverHostKey']> & unknown[] {
  // An RSA key blob is named ssh-rsa whichever hash signs with it (RFC 8332 section 3).
  const isPinned = (name: string): boolean => name === pinned || (pinned === 'ssh-rsa' && name.startsWith('rsa-sha2-'));
  return [...HOST_KEYS.filter(isPinned), ...HOST_KEYS.filter(name => !isPinned(name))];
}
