import { safeText } from '../device/board-text.js';
import type { FastbootTarget } from '../device/fastboot-target.js';
import { formatRoute, isLoopback, type SshRoute } from '../device/route.js';
import {
  BoardRefusedError,
  DeviceNotFoundError,
  HostKeyChangedError,
  TimeoutError,
  TransportError,
} from '../errors.js';
import { contactBoard, type Contact } from '../pairing/contact.js';
import { openHost, type BoardRequest, type HostContext } from '../pairing/host.js';
import { runScript } from '../remote/run-script.js';
import { withDeadline } from '../time/deadline.js';
import { until } from '../time/retry.js';

export interface VerifyRequest extends Omit<BoardRequest, 'device'> {
  /** Where it ran Mendel before it was flashed, if that is known. */
  readonly mendelRoutes: readonly SshRoute[];
  /** Where it was flashed. */
  readonly target: FastbootTarget;
  /** Whether the host key that the board shows now takes the place of the one that is pinned. */
  readonly acceptHostKey: (error: HostKeyChangedError) => Promise<boolean>;
  /** Longest wait; default 10 minutes, since the first boot makes keys and grows file systems. */
  readonly bootTimeoutMs?: number | undefined;
}

/** What runs on the board now, all safe to print. */
export interface MendelVersion {
  /** Host name. */
  readonly name: string;
  /** Of `/etc/mendel_version`. */
  readonly version: string;
  /** PRETTY_NAME of `/etc/os-release`: `Mendel GNU/Linux 5 (Eagle)`. */
  readonly system: string;
}

const BOOT_TIMEOUT_MS = 600_000;
const RETRY_MS = 500;
const MAX_OUTPUT_BYTES = 16_384;
const VERSION_COMMAND = 'cat /etc/mendel_version; echo; cat /etc/os-release';

/**
 * Waits until the board runs Mendel and asks it which. The host key of a board that was flashed is another one: only if
 * `acceptHostKey` says so it is pinned in place of the old one.
 * @throws TimeoutError if it does not come up; HostKeyChangedError if its key is not accepted
 */
export async function verifyMendel(host: HostContext, request: VerifyRequest): Promise<MendelVersion> {
  const device = selectorFor(request);
  const timeoutMs = request.bootTimeoutMs ?? BOOT_TIMEOUT_MS;
  const hint = 'A first boot takes minutes; look at its serial console, or wait on with `mdt wait-for-device`.';
  const operation = 'waiting for Mendel to come up';
  await using contact = await withDeadline({ operation, timeoutMs, signal: request.signal, hint }, signal =>
    until({ intervalMs: RETRY_MS, signal }, () => meet(host, { ...request, signal, device })),
  );
  const { stdout } = await runScript(
    contact.session,
    { script: VERSION_COMMAND },
    { operation: 'reading the version of Mendel', maxOutputBytes: MAX_OUTPUT_BYTES, signal: request.signal },
  );
  const { name } = contact.device;
  return required(parseVersion(name, stdout.toString('utf8')), name);
}

/** What `VERSION_COMMAND` printed; undefined if neither file was there. */
export function parseVersion(name: string, text: string): MendelVersion | undefined {
  const [first = ''] = text.split('\n');
  const system = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? '';
  const version = first.includes('=') ? '' : first.trim();
  if (version === '' && system === '') return undefined;
  return { name, version: safeText(version, 80), system: safeText(system, 80) };
}

/** The same by the serial console of the board, for which no SSH is needed and no host key is looked at. */
export async function verifyByConsole(
  host: HostContext,
  request: Pick<VerifyRequest, 'signal' | 'onProgress' | 'bootTimeoutMs'> & { readonly console: string },
): Promise<MendelVersion> {
  const { openConsole } = await import('../console/open-console.js');
  const { login } = await import('../console/linux-login.js');
  const { signal, onProgress, bootTimeoutMs } = request;
  const { username, password } = await openHost(host, { onProgress });
  await using port = await openConsole(request.console, { signal });
  await using shell = await login(port, { username, password, signal, onProgress, bootTimeoutMs, isStarting: true });
  const { output } = await shell.run(`hostname; ${VERSION_COMMAND}`, { operation: 'reading the version', signal });
  const [name = '', ...rest] = output.split('\n');
  return required(parseVersion(safeText(name.trim(), 64), rest.join('\n')), request.console);
}

function required(version: MendelVersion | undefined, board: string): MendelVersion {
  if (version !== undefined) return version;
  throw new BoardRefusedError(`${board} runs, but does not say which Mendel.`, {
    hint: 'Look at it with `mdt shell`: /etc/mendel_version and /etc/os-release should be there.',
  });
}

interface Meeting extends VerifyRequest {
  readonly device: string | undefined;
}

async function meet(host: HostContext, request: Meeting): Promise<Contact | undefined> {
  try {
    return await contactBoard(host, request);
  } catch (error) {
    if (error instanceof HostKeyChangedError) {
      if (!(await request.acceptHostKey(error))) throw error;
      return await contactBoard(host, { ...request, acceptNewHostKey: true });
    }
    // While it boots it is absent, refuses, or is silent.
    const isBooting = [TransportError, DeviceNotFoundError, TimeoutError].some(kind => error instanceof kind);
    if (isBooting && request.signal?.aborted !== true) return undefined;
    throw error;
  }
}

/** Its name may be another one after the first boot, so it is looked for where it is. */
function selectorFor({ mendelRoutes, target }: VerifyRequest): string | undefined {
  if (target.protocol === 'usb') return `usb:${target.usbPort}`;
  const [route] = mendelRoutes;
  if (route !== undefined) return formatRoute(route);
  // Virtual boards share one address, at ports that nobody can guess.
  return isLoopback(target.host) ? undefined : target.host;
}
