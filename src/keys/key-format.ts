import forge from 'node-forge';
import { KEY_COMMENT } from './public-line.js';

/*
 * The only door to node-forge, which is slow to load: it is opened for keys that come from elsewhere, not for our own.
 */

/**
 * An RSA private key as PEM `BEGIN RSA PRIVATE KEY`, after checking the arithmetic of its parts, which neither OpenSSL's
 * import nor ssh does: a key with one damaged number would fail later, at the board.
 * @throws Error if the parts do not belong together.
 */
export function checkedRsaPem(pem: string): string {
  const key = forge.pki.privateKeyFromPem(pem);
  const one = new forge.jsbn.BigInteger('1');
  const { n, e, d, p, q, dP, dQ, qInv } = key;
  const isSound =
    p.multiply(q).equals(n) &&
    e.multiply(d).mod(p.subtract(one)).equals(one) &&
    e.multiply(d).mod(q.subtract(one)).equals(one) &&
    d.mod(p.subtract(one)).equals(dP) &&
    d.mod(q.subtract(one)).equals(dQ) &&
    q.multiply(qInv).mod(p).equals(one);
  if (!isSound) throw new Error('its numbers do not belong together');
  return forge.pki.privateKeyToPem(key).replaceAll('\r\n', '\n');
}

/** The authorized_keys line of an RSA key in PEM, by another implementation than the one on the hot path. */
export function publicLineOfPem(pem: string): string {
  const { n, e } = forge.pki.privateKeyFromPem(pem);
  return forge.ssh.publicKeyToOpenSSH(forge.pki.setRsaPublicKey(n, e), KEY_COMMENT);
}
