import type { GenerateOptions, StoredIdentity } from '../keys/keystore.js';
import type { HostContext } from '../pairing/host.js';

/** The key pair by which boards know this host. The first contact with a board makes one where there is none. */
export interface HostKeys {
  /** Path of the private key. */
  readonly file: string;
  /** The public key as a line of authorized_keys; undefined if there is no key yet. @throws PermissionError, FileError */
  publicLine(): Promise<string | undefined>;
  /** Makes a new key pair. @throws KeyExistsError unless `overwrite` is set */
  generate(options?: Partial<GenerateOptions>): Promise<StoredIdentity>;
  /** Uses a private key file from now on; the key before it is kept beside it. @throws UsageError, PermissionError */
  import(file: string): Promise<StoredIdentity>;
}

export function hostKeys({ paths }: HostContext): HostKeys {
  return {
    file: paths.keyFile,
    publicLine: async () => {
      const { loadIdentity } = await import('../keys/keystore.js');
      return (await loadIdentity(paths))?.publicLine;
    },
    generate: async (options = {}) => {
      const { generateIdentity } = await import('../keys/keystore.js');
      return await generateIdentity(paths, { algorithm: 'rsa', ...options });
    },
    import: async file => {
      const { importIdentity } = await import('../keys/keystore.js');
      return await importIdentity(paths, file);
    },
  };
}
