import { join } from 'node:path';

/** Where everything that mdt remembers on this host is kept, as Python MDT 1.5.2 laid it out; `known_boards.json` is ours. */
export interface ConfigPaths {
  readonly configDir: string;
  /** One file per variable. */
  readonly attribsDir: string;
  readonly keysDir: string;
  /** Private key, PEM `BEGIN RSA PRIVATE KEY` or OpenSSH format. */
  readonly keyFile: string;
  /** Last addresses and pinned host keys. */
  readonly knownBoardsFile: string;
}

export function configPaths(configDir: string): ConfigPaths {
  const keysDir = join(configDir, 'keys');
  return {
    configDir,
    attribsDir: join(configDir, 'attribs'),
    keysDir,
    keyFile: join(keysDir, 'mdt.key'),
    knownBoardsFile: join(configDir, 'known_boards.json'),
  };
}
