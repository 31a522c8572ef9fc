import { readTextFile } from '../config/text-file.js';
import type { Device } from '../device/device.js';
import { matchesSelector } from '../device/selector.js';
import { BoardRefusedError, DeviceNotFoundError, FileError } from '../errors.js';
import { toStoredFormat } from '../keys/key-import.js';
import { identityOf } from '../keys/public-line.js';
import { forgetBoard } from '../keys/known-boards.js';
import { installKey, isMdtKey, keyOf, removeKeys } from './authorized-keys.js';
import { asDevice } from './candidates.js';
import { contactBoard, type ContactOptions } from './contact.js';
import { openHost, wantedSelector, type BoardRequest, type HostContext } from './host.js';
import type { PairMethod } from './introduce.js';

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
 * Keys without the comment `mdt` stay.
 */
export async function resetBoardKeys(host: HostContext, request: BoardRequest = {}): Promise<Device> {
  await using contact = await contactBoard(host, { ...request, pairing: 'never' });
  // The channel that restarts the keymaster is the same connection: once the key is gone no new one could be made.
  await removeKeys(contact.session, isMdtKey, request.signal);
  await forgetBoard(host.paths.knownBoardsFile, contact.session.hostKey);
  const { exit } = await contact.session.run('sudo systemctl restart mdt-keymaster', {
    operation: 'restarting the keymaster',
    signal: request.signal,
  });
  if (exit.kind !== 'exit' || exit.code !== 0) {
    throw new BoardRefusedError('The keys were removed, but the keymaster did not restart.', {
      hint: 'Run `sudo systemctl restart mdt-keymaster` on its console, or reboot the board.',
      facts: { exit },
    });
  }
  return contact.device;
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
