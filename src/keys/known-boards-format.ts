import type { SshMedium, SshRoute } from '../device/route.js';
import { FileError } from '../errors.js';
import { parseHostKey } from './host-key.js';
import type { AcceptedKey, KnownBoard } from './known-board.js';

/** Raised when the meaning of the file changes; older versions of mdt then leave it alone. */
const SCHEMA_VERSION = 1;
const MEDIA: readonly SshMedium[] = ['lan', 'usb-network', 'loopback'];

export function serializeKnownBoards(boards: readonly KnownBoard[]): string {
  const entries = boards.map(({ hostKey, ...board }) => ({ ...board, hostKey: hostKey.blob.toString('base64') }));
  return `${JSON.stringify({ version: SCHEMA_VERSION, boards: entries }, null, 2)}\n`;
}

/** @throws FileError if the text is not what `serializeKnownBoards` writes. */
export function parseKnownBoards(text: string, file: string): KnownBoard[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw damaged(file, 'it is not JSON', error);
  }
  if (!isRecord(content) || typeof content['version'] !== 'number') throw damaged(file, 'it has no version');
  if (content['version'] > SCHEMA_VERSION) {
    throw new FileError(`The list of known boards, ${file}, was written by a later version of mdt.`, {
      hint: 'Update mdt; the file is left as it is.',
    });
  }
  if (!Array.isArray(content['boards'])) throw damaged(file, 'it has no list of boards');
  return content['boards'].map((entry: unknown, index) => {
    const board = parseBoard(entry);
    if (!board) throw damaged(file, `entry ${String(index + 1)} is incomplete`);
    return board;
  });
}

function parseBoard(entry: unknown): KnownBoard | undefined {
  if (!isRecord(entry) || typeof entry['hostKey'] !== 'string' || !Array.isArray(entry['routes'])) return undefined;
  const hostKey = parseHostKey(Buffer.from(entry['hostKey'], 'base64'));
  const routes = entry['routes'].map(parseRoute);
  const { name, lastSeen, serialNumber } = entry;
  const accepted = parseAccepted(entry['accepted']);
  if (!hostKey || typeof name !== 'string' || typeof lastSeen !== 'string') return undefined;
  if (!isAbsentOr(serialNumber, 'string')) return undefined;
  if (!routes.every(route => route !== undefined)) return undefined;
  return {
    name,
    hostKey,
    routes,
    ...(serialNumber === undefined ? {} : { serialNumber: serialNumber as string }),
    lastSeen,
    ...(accepted === undefined ? {} : { accepted }),
  };
}

/** Only a note for messages: what cannot be read is as if it were not there. */
function parseAccepted(entry: unknown): AcceptedKey | undefined {
  if (!isRecord(entry)) return undefined;
  const { key, at } = entry;
  return typeof key === 'string' && typeof at === 'string' ? { key, at } : undefined;
}

function parseRoute(entry: unknown): SshRoute | undefined {
  if (!isRecord(entry) || typeof entry['address'] !== 'string' || typeof entry['port'] !== 'number') return undefined;
  const medium = MEDIA.find(known => known === entry['medium']);
  const { interface: interfaceName, usbPort, keymasterPort, fastbootPort } = entry;
  if (!medium || !isAbsentOr(interfaceName, 'string') || !isAbsentOr(usbPort, 'string')) return undefined;
  if (!isAbsentOr(keymasterPort, 'number') || !isAbsentOr(fastbootPort, 'number')) return undefined;
  return {
    kind: 'ssh',
    medium,
    address: entry['address'],
    port: entry['port'],
    ...(interfaceName === undefined ? {} : { interface: interfaceName as string }),
    ...(usbPort === undefined ? {} : { usbPort: usbPort as string }),
    ...(keymasterPort === undefined ? {} : { keymasterPort: keymasterPort as number }),
    ...(fastbootPort === undefined ? {} : { fastbootPort: fastbootPort as number }),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isAbsentOr(value: unknown, type: 'string' | 'number'): boolean {
  return value === undefined || typeof value === type;
}

function damaged(file: string, why: string, cause?: unknown): FileError {
  return new FileError(`The list of known boards, ${file}, is damaged: ${why}.`, {
    cause,
    hint: `Mend it, or move it away (${file}.damaged) and pair the boards again; mdt leaves it as it is.`,
  });
}
