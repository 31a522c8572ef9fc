import { FileError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import type { SshSession } from '../ssh/session.js';
import { isRemoteFileError, SFTP_STATUS } from '../ssh/sftp-requests.js';
import { quoteWord } from '../ssh/quote.js';
import { boardFailure, noSpace } from './board-failure.js';
import { isText } from './names.js';
import { splitTarget } from './paths.js';

export interface RemoteErrorContext {
  readonly session: SshSession;
  readonly path: string;
  readonly neededBytes: number;
}

/**
 * SFTP version 3 has one status for "no space" and for everything else that has none of its own; where it comes, the
 * board is asked how much space is left. What is no error of SFTP is returned as it is.
 */
export async function explainRemoteError(error: unknown, context: RemoteErrorContext): Promise<unknown> {
  const { path, neededBytes } = context;
  if (isRemoteFileError(error, SFTP_STATUS.permissionDenied)) {
    return boardFailure('Permission denied', { path, cause: error });
  }
  if (!isRemoteFileError(error, SFTP_STATUS.failure)) return error;
  const freeBytes = await freeSpace(context.session, splitTarget(path).folder);
  if (freeBytes !== undefined && freeBytes < neededBytes) {
    return noSpace({ path, neededBytes, freeBytes, cause: error }, 'the board');
  }
  return new FileError(`${safeText(path)} could not be written: the board gave no reason.`, {
    cause: error,
    facts: { path, neededBytes, reason: 'failure' },
    hint: 'It may have no space left; `mdt exec df -h` shows that.',
  });
}

async function freeSpace(session: SshSession, folder: string): Promise<number | undefined> {
  if (!isText(folder)) return undefined;
  const asked = await session.run(`df -Pk ${quoteWord(folder === '' ? '/' : folder)}`).catch(() => undefined);
  // The last line of POSIX df: device, blocks, used, available, capacity, mount point.
  const available = asked?.stdout.toString('latin1').trim().split('\n').at(-1)?.trim().split(/\s+/)[3];
  const blocks = Number(available);
  return available === undefined || !Number.isInteger(blocks) ? undefined : blocks * 1024;
}
