/** One way to prove who we are; they are tried in order. */
export type Credential =
  /** PEM or OpenSSH text of an unencrypted private key. */
  { readonly kind: 'key'; readonly privateKey: string } | { readonly kind: 'password'; readonly password: string };
