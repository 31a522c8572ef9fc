import { readTextFile } from '../host/text-file.js';
import type { Device } from '../device/device.js';
import { safeText } from '../device/board-text.js';
import { matchesSelector } from '../device/selector.js';
import { BoardRefusedError, DeviceNotFoundError, FileError } from '../errors.js';
import { toStoredFormat } from '../keys/key-import.js';
import { identityOf } from '../keys/public-line.js';
import { forgetBoard } from '../keys/known-boards.js';
import { quoteWords } from '../ssh/quote.js';
import { runScript } from '../remote/run-script.js';
import { rootRights } from '../remote/root-rights.js';
import type { SshSession } from '../ssh/session.js';
import { installKey, isMdtKey, keyOf, removeKeys, restoreKeys } from './authorized-keys.js';
import { asDevice } from './candidates.js';
import { contactBoard, type ContactOptions } from './contact.js';
import { openHost, wantedSelector, type BoardRequest, type HostContext } from './host.js';
import type { PairMethod } from './first-contact.js';

/** The board, and how this host came to be trusted. */
export interface PairResult {
  readonly device: Device;
  readonly method: PairMethod;
}

/** Makes the board trust this host and pins its host key. @throws as contactBoard does */
export async function pairBoard(host: HostContext, request: ContactOptions = {}): Promise<PairResult> {
  await using contact = await contactBoard(host, request);
  return { device: contact.device, method: contact.method };
}

/** Takes this host's key off the board, then forgets the board. @throws as contactBoard does */
export async function unpairBoard(host: HostContext, request: BoardRequest = {}): Promise<Device> {
  const { identity } = await openHost(host, request);
  await using contact = await contactBoard(host, { ...request, pairing: 'never' });
  await removeKeys(contact.session, line => keyOf(line) === keyOf(identity.publicLine), request.signal);
  await forgetBoard(host.paths.knownBoardsFile, contact.session.hostKey);
  return contact.device;
}

/** Forgets a board without talking to it, as after it is gone for good. @throws DeviceNotFoundError if it is not known */
export async function forgetKnownBoard(host: HostContext, device?: string): Promise<Device> {
  const { known } = await openHost(host);
  const selector = await wantedSelector(host, device);
  const matching = known.filter(board => selector !== undefined && matchesSelector(asDevice(board), selector));
  const [board] = matching;
  if (!board) {
    throw new DeviceNotFoundError(`No board is known as ${device ?? 'the preferred device'}.`, {
      hint: '`mdt devices --all` lists the boards that this host knows.',
    });
  }
  for (const one of matching) await forgetBoard(host.paths.knownBoardsFile, one.hostKey);
  return asDevice(board);
}

/**
 * Takes every MDT key off the board and restarts its keymaster, so that any host can pair with it again.
 * Keys without the comment `mdt` stay. Where the keymaster does not restart, the keys are put back.
 * @throws BoardRefusedError if this login cannot restart the keymaster; as contactBoard does
 */
export async function resetBoardKeys(host: HostContext, request: BoardRequest = {}): Promise<Device> {
  await using contact = await contactBoard(host, { ...request, pairing: 'never' });
  const { session } = contact;
  const { signal } = request;
  const asRoot = await rootRights(session, { task: 'restart its keymaster', signal });
  // The channel that restarts the keymaster is the same connection: once the key is gone no new one could be made.
  const before = await removeKeys(session, isMdtKey, signal);
  try {
    await restartKeymaster(session, asRoot);
  } catch (error) {
    await restoreKeys(session, before);
    throw error;
  }
  await forgetBoard(host.paths.knownBoardsFile, session.hostKey);
  return contact.device;
}

/** Without the caller's signal: the keys are gone, and are put back only if it fails. */
async function restartKeymaster(session: SshSession, asRoot: readonly string[]): Promise<void> {
  const script = quoteWords([...asRoot, 'systemctl', 'restart', 'mdt-keymaster']);
  const { code, said } = await runScript(session, { script }, { operation: 'restarting the keymaster' });
  if (code === 0) return;
  const first = safeText(said.trim().split('\n')[0] ?? '', 200).replace(/\.$/, '');
  throw new BoardRefusedError(
    `The keymaster of the board does not restart${first === '' ? '' : `: ${first}`}. The keys are as they were.`,
    {
      hint: 'Look at `mdt exec systemctl status mdt-keymaster`, or restart the board.',
      facts: { code },
    },
  );
}

/** Adds the key in `keyFile` (public line, or private key whose public part is taken) to the board. */
export async function pushKeyFile(host: HostContext, keyFile: string, request: BoardRequest = {}): Promise<PushedKey> {
  const text = await readTextFile(keyFile);
  if (text === undefined) {
    throw new FileError(`There is no file ${keyFile}.`, { hint: 'Give the path of a public key, such as id_rsa.pub.' });
  }
  const line = isPublicLine(text) ? text.trim() : identityOf(await toStoredFormat(text, keyFile)).publicLine;
  await using contact = await contactBoard(host, request);
  return { device: contact.device, added: await installKey(contact.session, line, request.signal) };
}

export interface PushedKey {
  readonly device: Device;
  /** False if the board had it already. */
  readonly added: boolean;
}

/** One authorized_keys line without options, as `id_ed25519.pub` and the like hold. */
function isPublicLine(text: string): boolean {
  return /^(ssh-(rsa|ed25519)|ecdsa-sha2-\S+|sk-\S+) [A-Za-z0-9+/]+=*( [^\r\n]*)?$/.test(text.trim());
}
