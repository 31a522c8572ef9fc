/** The key pair with which this host proves itself to boards. */
export interface Identity {
  readonly algorithm: 'ssh-rsa' | 'ssh-ed25519';
  /** PEM or OpenSSH text, as stored. */
  readonly privateKey: string;
  /** One authorized_keys line without line end: `ssh-rsa AAAA… mdt`. */
  readonly publicLine: string;
}
