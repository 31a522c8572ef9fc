import { safeText } from '../device/board-text.js';
import { FileError, ProtocolError } from '../errors.js';
import { runScript } from '../remote/run-script.js';
import { isRemoteFileError } from '../ssh/sftp-requests.js';
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
  const { before, after } = await editKeys(session, signal, lines => {
    if (lines.some(existing => keyOf(existing) === keyOf(line))) return lines;
    return [...lines, line];
  });
  return after.length !== before.length;
}

/** Removes the lines that `unwanted` picks; returns all lines as they were before. */
export async function removeKeys(
  session: SshSession,
  unwanted: (line: string) => boolean,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const { before } = await editKeys(session, signal, lines => lines.filter(line => !unwanted(line)));
  return before;
}

/** Puts the lines back that were there before, after what was to follow their removal has failed. */
export async function restoreKeys(session: SshSession, lines: readonly string[]): Promise<void> {
  await editKeys(session, undefined, () => lines);
}

/** Base64 blob of a line, whatever its options and comment; the line itself if it holds none. */
export function keyOf(line: string): string {
  return /(?:^|\s)(?:ssh|ecdsa|sk)-\S+\s+([A-Za-z0-9+/=]+)/.exec(line)?.[1] ?? line;
}

/** Keys that MDT has put there, by the comment that the keymaster demands too. */
export function isMdtKey(line: string): boolean {
  return / mdt\s*$/.test(line);
}

interface Edit {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/**
 * Writes the new file aside and renames it, so that a lost connection cannot lock everybody out, and reads it back.
 * @throws FileError that says why it cannot be written; then nothing was changed, and nothing is left behind
 */
async function editKeys(session: SshSession, signal: AbortSignal | undefined, change: Change): Promise<Edit> {
  const deadline = { operation: 'changing the keys of the board', timeoutMs: EDIT_TIMEOUT_MS, signal };
  return withDeadline(deadline, async () => {
    const sftp = await session.sftp();
    const before = linesOf(await read(sftp));
    const after = change(before);
    if (after.length === before.length) return { before, after };
    const text = after.map(line => `${line}\n`).join('');
    await replace(sftp, text).catch(async (error: unknown) => {
      throw isRemoteFileError(error) ? await notWritten(session, text, error) : error;
    });
    if ((await read(sftp)) !== text) {
      throw new ProtocolError('The board does not have the keys that were just written.', {
        hint: 'Another program has changed ~/.ssh/authorized_keys there; run the command again.',
      });
    }
    return { before, after };
  });
}

async function replace(sftp: SftpChannel, text: string): Promise<void> {
  if ((await sftp.stat(SSH_DIR)) === undefined) await sftp.mkdir(SSH_DIR, 0o700);
  try {
    {
      await using file = await sftp.open(REPLACEMENT, 'write-truncate', 0o600);
      await file.write(Buffer.from(text), 0);
      await file.setAttributes({ mode: 0o600 });
    }
    await sftp.rename(REPLACEMENT, AUTHORIZED_KEYS);
  } catch (error) {
    await sftp.remove(REPLACEMENT).catch(() => undefined);
    throw error;
  }
}

/** SFTP has one word for most failures; a program that writes as much says what the trouble is. */
async function notWritten(session: SshSession, text: string, cause: unknown): Promise<FileError> {
  const script = 'LC_ALL=C; export LC_ALL; head -c "$1" /dev/zero > "$2"; rm -f -- "$2"';
  const args = [Buffer.byteLength(text) + 1, REPLACEMENT];
  const said = (await runScript(session, { script, args }).catch(() => undefined))?.said ?? '';
  const [, reason, hint] = WRITE_TROUBLES.find(([pattern]) => pattern.test(said)) ?? [];
  const last = safeText(said.trim().split('\n').at(-1) ?? '', 200).replace(/\.$/, '');
  const why = reason ?? (last === '' ? 'the board gives no reason' : last);
  return new FileError(`The list of keys of the board cannot be changed: ${why}. It is as it was.`, {
    cause,
    hint: hint ?? 'Look at ~/.ssh on the board with `mdt exec ls -la .ssh`.',
    facts: { path: `~/${AUTHORIZED_KEYS}`, said: safeText(said.trim(), 2000) },
  });
}

const WRITE_TROUBLES: readonly (readonly [RegExp, string, string])[] = [
  [
    /No space left|quota exceeded/i,
    'its disk is full',
    'Make room in the home folder there; `mdt exec df -h` shows how full it is.',
  ],
  [
    /Read-only file system/,
    'its file system is read-only',
    'Mount it for writing, such as with `mdt exec sudo mount -o remount,rw /home`.',
  ],
  [
    /Permission denied|not permitted/,
    'this user may not write there',
    'Look at owner and mode with `mdt exec ls -la .ssh`; the folder and the file have to belong to the user.',
  ],
];

function linesOf(text: string): string[] {
  return text.split('\n').filter(line => line !== '');
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
