import { ProtocolError } from '../errors.js';
import { withDeadline } from '../time/deadline.js';
import type { SftpChannel } from '../ssh/sftp.js';
import type { SshSession } from '../ssh/session.js';

/** Relative to the login folder, where SFTP starts. */
const SSH_DIR = '.ssh';
const AUTHORIZED_KEYS = '.ssh/authorized_keys';
const REPLACEMENT = '.ssh/authorized_keys.mdt-new';
/** sshd itself reads a line at a time; a file beyond this was not made by people. */
const MAX_FILE_BYTES = 1024 * 1024;
const EDIT_TIMEOUT_MS = 60_000;

type Change = (lines: readonly string[]) => readonly string[];

/** Adds `line` to the board's authorized_keys unless its key is there already; returns whether it was added. */
export async function installKey(session: SshSession, line: string, signal?: AbortSignal): Promise<boolean> {
  return edit(session, signal, lines => {
    if (lines.some(existing => keyOf(existing) === keyOf(line))) return lines;
    return [...lines, line];
  });
}

/** Removes the lines that `unwanted` picks; returns whether there were any. */
export async function removeKeys(
  session: SshSession,
  unwanted: (line: string) => boolean,
  signal?: AbortSignal,
): Promise<boolean> {
  return edit(session, signal, lines => lines.filter(line => !unwanted(line)));
}

/** Base64 blob of a line, whatever its options and comment; the line itself if it holds none. */
export function keyOf(line: string): string {
  return /(?:^|\s)(?:ssh|ecdsa|sk)-\S+\s+([A-Za-z0-9+/=]+)/.exec(line)?.[1] ?? line;
}

/** Keys that MDT has put there, by the comment that the keymaster demands too. */
export function isMdtKey(line: string): boolean {
  return / mdt\s*$/.test(line);
}

/** Writes the new file aside and renames it, so that a lost connection cannot lock everybody out. */
async function edit(session: SshSession, signal: AbortSignal | undefined, change: Change): Promise<boolean> {
  const deadline = { operation: 'changing the keys of the board', timeoutMs: EDIT_TIMEOUT_MS, signal };
  return withDeadline(deadline, async () => editFile(await session.sftp(), change));
}

async function editFile(sftp: SftpChannel, change: Change): Promise<boolean> {
  const before = (await read(sftp)).split('\n').filter(line => line !== '');
  const after = change(before);
  if (after.length === before.length) return false;
  if ((await sftp.stat(SSH_DIR)) === undefined) await sftp.mkdir(SSH_DIR, 0o700);
  {
    await using file = await sftp.open(REPLACEMENT, 'write-truncate', 0o600);
    await file.write(Buffer.from(after.map(line => `${line}\n`).join('')), 0);
    await file.setAttributes({ mode: 0o600 });
  }
  await sftp.rename(REPLACEMENT, AUTHORIZED_KEYS);
  return true;
}

async function read(sftp: SftpChannel): Promise<string> {
  const attributes = await sftp.stat(AUTHORIZED_KEYS);
  if (attributes === undefined) return '';
  if (attributes.sizeBytes > MAX_FILE_BYTES) {
    throw new ProtocolError('The authorized_keys file of the board is too large to be edited.', {
      hint: 'Look at ~/.ssh/authorized_keys on the board.',
      facts: { sizeBytes: attributes.sizeBytes },
    });
  }
  await using file = await sftp.open(AUTHORIZED_KEYS, 'read');
  const chunks: Buffer[] = [];
  let position = 0;
  for (;;) {
    const chunk = await file.read(Math.min(32_768, MAX_FILE_BYTES), position);
    if (chunk.length === 0 || position > MAX_FILE_BYTES) break;
    chunks.push(chunk);
    position += chunk.length;
  }
  return Buffer.concat(chunks).toString('utf8');
}
