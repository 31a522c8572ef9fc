import { readFile, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { safeText } from '../device/board-text.js';
import {
  DeviceBusyError,
  DeviceNotFoundError,
  PermissionError,
  TransportError,
  UsageError,
  type MdtError,
} from '../errors.js';

/** Holders that a message names; its facts have all. */
const NAMED_HOLDERS = 3;

/** A program of this host that has a port open. */
export interface PortHolder {
  readonly pid: number;
  readonly program: string;
}

/**
 * Linux: who has `path` open, as far as this user may know. A port that two programs read gives each of them half of
 * what the board says, and few programs lock it.
 */
export async function portHolders(path: string, procRoot = '/proc'): Promise<PortHolder[]> {
  const device = await realpath(path).catch(() => path);
  // Not Linux, or without /proc.
  const pids = (await readdir(procRoot).catch(() => [])).filter(name => /^\d+$/.test(name));
  const found = await Promise.all(pids.map(pid => holderOf(join(procRoot, pid), device)));
  return found.filter(holder => holder !== undefined);
}

async function holderOf(folder: string, device: string): Promise<PortHolder | undefined> {
  // Processes of other users cannot be looked into, and some end meanwhile.
  const descriptors = await readdir(join(folder, 'fd')).catch(() => []);
  for (const descriptor of descriptors) {
    const target = await readlink(join(folder, 'fd', descriptor)).catch(() => undefined);
    if (target !== device) continue;
    const name = await readFile(join(folder, 'comm'), 'utf8').catch(() => '');
    return { pid: Number(basename(folder)), program: safeText(name.trim()) || 'a program' };
  }
  return undefined;
}

/**
 * Of pseudo-terminals those who made them often keep both ends open, so there only the lock tells.
 * @throws DeviceBusyError if a program has the port open already
 */
export async function refuseIfHeld(path: string, procRoot?: string): Promise<void> {
  const device = await realpath(path).catch(() => path);
  const mayTell = !device.startsWith('/dev/pts/') && (await mayBePort(device));
  const holders = mayTell ? await portHolders(device, procRoot) : [];
  if (holders.length > 0) throw busy(path, holders);
}

/** Of files, folders and /dev/null everybody may be a holder; opening them tells what they are. */
async function mayBePort(device: string): Promise<boolean> {
  const facts = await stat(device).catch(() => undefined);
  return facts === undefined || (facts.isCharacterDevice() && device !== '/dev/null');
}

/** What the system's refusal to open `path` means. */
export async function openError(path: string, cause: Error): Promise<MdtError> {
  const { message } = cause;
  if (/no such file|file not found|cannot find/i.test(message)) {
    return new DeviceNotFoundError(`There is no serial port ${path}.`, {
      hint: 'Check the USB cable; `mdt console --list` shows the ports there are.',
      cause,
    });
  }
  if (/permission denied/i.test(message)) return await forbidden(path, { cause });
  if (/cannot lock|temporarily unavailable|busy|access denied/i.test(message)) {
    return busy(path, await portHolders(path), cause);
  }
  if (/inappropriate ioctl|not a typewriter|not a (?:tty|directory)|is a directory/i.test(message)) {
    return new UsageError(`${path} is not a serial port.`, {
      hint: '`mdt console --list` shows the ports there are.',
      cause,
    });
  }
  return new TransportError(`The serial port ${path} cannot be opened.`, { hint: safeText(message), cause });
}

function busy(path: string, holders: readonly PortHolder[], cause?: Error): DeviceBusyError {
  const names = holders
    .slice(0, NAMED_HOLDERS)
    .map(({ pid, program }) => `${program} (process ${String(pid)})`)
    .join(', ');
  return new DeviceBusyError(
    names === '' ? `${path} is in use by another program.` : `${path} is in use by ${names}.`,
    { hint: 'End that program, then run the command again.', facts: { port: path, holders }, cause },
  );
}

export interface ForbiddenContext {
  readonly cause?: Error;
  readonly groupFile?: string;
}

/** Names the group that a port belongs to, and how to become a member. */
export async function forbidden(path: string, context: ForbiddenContext = {}): Promise<PermissionError> {
  const { cause, groupFile = '/etc/group' } = context;
  const group = await groupOf(path, groupFile).catch(() => undefined);
  if (group === undefined || group === 'root') {
    return new PermissionError(`This user may not open ${path}.`, {
      hint: 'Open it as the user it belongs to, or give yourself access to it.',
      facts: { port: path },
      cause,
    });
  }
  return new PermissionError(`This user may not open ${path}: it is for the group ${group}.`, {
    hint: `Join the group with \`sudo usermod -aG ${group} $USER\`, then log out and in again.`,
    facts: { port: path, group },
    cause,
  });
}

async function groupOf(path: string, groupFile: string): Promise<string | undefined> {
  const { gid, mode } = await stat(path);
  // A group that may not open it either is no way in.
  if ((mode & 0o060) !== 0o060) return undefined;
  const lines = (await readFile(groupFile, 'utf8')).split('\n').map(line => line.split(':'));
  return lines.find(([, , id]) => id === String(gid))?.[0];
}
