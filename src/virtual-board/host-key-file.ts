import ssh2 from 'ssh2';
import { ProtocolError } from '../errors.js';
import { parseHostKey, type HostKey } from '../keys/host-key.js';
import { generateEd25519 } from '../keys/openssh-key.js';
import { publicBlob } from '../keys/public-line.js';
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
    await writeNewKey(files);
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

/** Not by ssh2: of the Ed25519 keys it makes it cannot read one in 256, those whose secret begins with a zero. */
async function writeNewKey(files: BoardFileSystem): Promise<void> {
  const privateKey = await generateEd25519('root@board');
  await files.writeFile(HOST_KEY_FILE, privateKey, 0o600);
  const line = `ssh-ed25519 ${publicBlob(privateKey).toString('base64')} root@board\n`;
  await files.writeFile(`${HOST_KEY_FILE}.pub`, line);
}
