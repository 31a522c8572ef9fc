import { safeText } from '../device/board-text.js';
import { runScript } from '../remote/run-script.js';
import type { SshSession } from '../ssh/session.js';
import type { BoardFacts } from './board-facts.js';
import { matchesPattern } from './manifest.js';
import type { FlashRequest } from './prepare-flash.js';

/** What Mendel shows of the board that it runs on, as far as a plan depends on it. */
export interface RunningFacts {
  readonly facts: BoardFacts;
  /** In bytes, by name. */
  readonly partitionSizes: ReadonlyMap<string, number>;
}

/**
 * Reads only, and nothing that takes root. Sources: Linux Documentation/ABI (stable/sysfs-block: sizes are in sectors of
 * 512 bytes whatever the disk has; `uevent` of a partition has its name in the table), and the device tree's `model`.
 */
const COMMAND = [
  `printf 'MODEL='; cat /proc/device-tree/model`,
  `printf '\\nDISK='; cat /sys/block/mmcblk0/size`,
  `for part in /sys/block/mmcblk0/mmcblk0p*; do printf '\\nPARTITION\\n'; cat "$part/uevent"; printf '\\nSIZE='; cat "$part/size"; done`,
].join('; ');

const SECTOR_BYTES = 512;
const MAX_OUTPUT_BYTES = 65_536;

/** Asks a board that runs Mendel. @throws TransportError, TimeoutError, ProtocolError, AbortedError */
export async function readRunningFacts(
  session: SshSession,
  { images: { manifests }, signal }: FlashRequest,
): Promise<RunningFacts> {
  const operation = 'reading the size of the eMMC';
  const options = { operation, signal, maxOutputBytes: MAX_OUTPUT_BYTES };
  const { stdout } = await runScript(session, { script: COMMAND }, options);
  const { model, ...shown } = parseRunningFacts(stdout.toString('utf8'));
  // A bootloader has a name of its own for the board; only a model that is known says more than nothing.
  const isKnown = manifests.some(({ identity }) => matchesPattern(model, identity.products));
  return isKnown ? { ...shown, facts: { ...shown.facts, product: model } } : shown;
}

/** What `COMMAND` printed. */
export function parseRunningFacts(text: string): RunningFacts & { readonly model: string } {
  const [disk = '', ...partitions] = text.split(/^PARTITION$/m);
  const partitionSizes = new Map<string, number>();
  for (const partition of partitions) {
    const name = /^PARTNAME=(.+)$/m.exec(partition)?.[1];
    const sizeBytes = bytesOf(partition, 'SIZE');
    if (name !== undefined && sizeBytes !== undefined) partitionSizes.set(safeText(name, 64), sizeBytes);
  }
  const mmcSizeBytes = bytesOf(disk, 'DISK');
  return {
    model: safeText(/^MODEL=(.*)$/m.exec(disk)?.[1] ?? '', 100),
    facts: { ...(mmcSizeBytes === undefined ? {} : { mmcSizeBytes }), hasHome: partitionSizes.has('home') },
    partitionSizes,
  };
}

function bytesOf(text: string, name: string): number | undefined {
  const sizeBytes = Number(new RegExp(`^${name}=(\\d+)$`, 'm').exec(text)?.[1] ?? 0) * SECTOR_BYTES;
  return Number.isSafeInteger(sizeBytes) && sizeBytes > 0 ? sizeBytes : undefined;
}
