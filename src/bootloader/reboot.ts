import { BoardRefusedError, DeviceNotFoundError, TimeoutError, TransportError } from '../errors.js';
import { contactBoard, type Contact } from '../pairing/contact.js';
import type { BoardRequest, HostContext } from '../pairing/host.js';
import { sameHostKey, type HostKey } from '../keys/host-key.js';
import { quoteWords } from '../ssh/quote.js';
import { runScript } from '../remote/run-script.js';
import { rootRights } from '../remote/root-rights.js';
import type { SshSession } from '../ssh/session.js';
import { safeLines } from '../device/board-text.js';
import { withDeadline } from '../time/deadline.js';
import { until } from '../time/retry.js';
import type { Device } from '../device/device.js';

export type RebootTarget = 'mendel' | 'bootloader';

export interface RebootRequest extends BoardRequest {
  readonly target: RebootTarget;
  /** Wait until the board is gone and, for Mendel, until the same board is back with a new boot id. */
  readonly wait: boolean;
  /** Bound on the way down; default 60 s. */
  readonly downTimeoutMs?: number | undefined;
  /** Bound on the way up; default 5 minutes, since the first boot after an update takes its time. */
  readonly upTimeoutMs?: number | undefined;
}

const DOWN_TIMEOUT_MS = 60_000;
const UP_TIMEOUT_MS = 300_000;
const RETRY_MS = 500;
const COMMANDS = { mendel: 'reboot', bootloader: 'reboot-bootloader' } as const;
const BOOT_ID = 'cat /proc/sys/kernel/random/boot_id';

/**
 * Reboots the board. With `wait` it returns when the board that proves the same host key runs with another boot id
 * (Linux `/proc/sys/kernel/random/boot_id`), or, on the way to the bootloader, when Mendel is gone.
 * @throws TimeoutError if it does not go or does not come back; BoardRefusedError if this login may not restart it
 */
export async function rebootBoard(host: HostContext, request: RebootRequest): Promise<Device> {
  const before = await order(host, request);
  if (!request.wait || request.target === 'bootloader') return before.device;
  request.onProgress?.({
    kind: 'message',
    task: 'reboot',
    text: `${before.device.name} went down; waiting until it is back.`,
  });
  return withDeadline(
    {
      operation: `waiting for ${before.device.name} to come back`,
      timeoutMs: request.upTimeoutMs ?? UP_TIMEOUT_MS,
      signal: request.signal,
      hint: 'Look at its serial console; `mdt wait-for-device` waits on.',
    },
    signal => until({ intervalMs: RETRY_MS, signal }, () => returned(host, { ...request, signal }, before)),
  );
}

interface Departed {
  readonly device: Device;
  readonly hostKey: HostKey;
  readonly bootId: string;
}

/** Gives the order and, where asked, waits until the connection has ended: sshd goes down with the system. */
async function order(host: HostContext, request: RebootRequest): Promise<Departed> {
  await using contact = await contactBoard(host, request);
  const asRoot = await rootRights(contact.session, { task: 'restart', signal: request.signal });
  const bootId = request.wait ? await readBootId(contact.session) : '';
  if (bootId === undefined) {
    throw new BoardRefusedError(`${contact.device.name} does not say which boot it runs, so nothing was done.`, {
      hint: 'Restart it without --wait.',
    });
  }
  await give(contact, request, asRoot);
  if (request.wait) {
    await withDeadline(
      {
        operation: `waiting for ${contact.device.name} to go down`,
        timeoutMs: request.downTimeoutMs ?? DOWN_TIMEOUT_MS,
        signal: request.signal,
      },
      () => contact.session.closed,
    );
  }
  return { device: contact.device, hostKey: contact.session.hostKey, bootId };
}

/** The connection may break before the command's exit arrives; only a clear no is a failure. */
async function give({ session, device }: Contact, request: RebootRequest, asRoot: readonly string[]): Promise<void> {
  const result = await session
    .run(quoteWords([...asRoot, COMMANDS[request.target]]), {
      operation: 'asking the board to reboot',
      signal: request.signal,
    })
    .catch((error: unknown) => {
      if (error instanceof TransportError) return undefined;
      throw error;
    });
  if (result?.exit.kind !== 'exit' || result.exit.code === 0) return;
  throw new BoardRefusedError(
    `${device.name} did not reboot: ${safeLines(result.stderr.toString('utf8').trim(), 400)}`,
    {
      hint: 'Log in with `mdt shell` and look at `systemctl status`.',
      facts: { exit: result.exit },
    },
  );
}

async function returned(host: HostContext, request: RebootRequest, before: Departed): Promise<Device | undefined> {
  try {
    await using contact = await contactBoard(host, { ...request, device: before.device.name, pairing: 'never' });
    // Another board may have the same name, or the address by now.
    if (!sameHostKey(contact.session.hostKey, before.hostKey)) return undefined;
    const bootId = await readBootId(contact.session);
    return bootId === undefined || bootId === before.bootId ? undefined : contact.device;
  } catch (error) {
    // While the board boots it is absent, refuses, or is silent: all three mean "not yet".
    const booting =
      error instanceof TransportError || error instanceof DeviceNotFoundError || error instanceof TimeoutError;
    if (booting && !request.signal?.aborted) return undefined;
    throw error;
  }
}

/** Undefined unless it is one: what is no id must not count as a new one. */
async function readBootId(session: SshSession): Promise<string | undefined> {
  const { stdout } = await runScript(session, { script: BOOT_ID }, { operation: 'reading the boot id' });
  return /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(stdout.toString('latin1'))?.[0];
}
