import ssh2 from 'ssh2';
import { ProtocolError } from '../errors.js';
import { parseHostKey, type HostKey } from '../keys/host-key.js';
import type { BoardFileSystem } from './storage/file-system.js';

const HOST_KEY_FILE = '/etc/ssh/ssh_host_ed25519_key';

export interface ServerKey {
  /** OpenSSH text. */
  readonly privateKey: string;
  readonly hostKey: HostKey;
}

/** The board's host key, made at its first start and kept in its files: as on a real board, a reflash makes a new one. */
export async function loadServerKey(files: BoardFileSystem): Promise<ServerKey> {
  if (!(await files.exists(HOST_KEY_FILE))) {
    const pair = newKeyPair();
    await files.writeFile(HOST_KEY_FILE, pair.private, 0o600);
    await files.writeFile(`${HOST_KEY_FILE}.pub`, `${pair.public}\n`);
  }
  const privateKey = (await files.readFile(HOST_KEY_FILE)).toString();
  const parsed = ssh2.utils.parseKey(privateKey);
  const hostKey = parsed instanceof Error ? undefined : parseHostKey(parsed.getPublicSSH());
  if (hostKey === undefined) {
    throw new ProtocolError('The host key of the virtual board cannot be read.', {
      hint: `Delete ${HOST_KEY_FILE} in its folder; a new one is made at the next start.`,
    });
  }
  return { privateKey, hostKey };
}

/** ssh2 1.17 writes about one Ed25519 key in 300 so that nothing can read it, itself included. */
function newKeyPair(): ReturnType<typeof ssh2.utils.generateKeyPairSync> {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment: 'root@board' });
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}
