import type { FastbootClient } from '../fastboot/client.js';
import { parsePartitionSize } from '../fastboot/variables.js';
import { WrongBoardError } from './errors.js';
import { matchesPattern, type FlashManifest } from './manifest.js';

/** What a board in fastboot says of itself, as far as a plan depends on it. All texts are safe to print. */
export interface BoardFacts {
  readonly product?: string;
  readonly serialNumber?: string;
  /** Size of the eMMC. */
  readonly mmcSizeBytes?: number;
  readonly hasHome: boolean;
}

/** Asks the board. What it does not tell is left out. */
export async function readBoardFacts(client: FastbootClient, signal?: AbortSignal): Promise<BoardFacts> {
  const product = await client.findVariable('product', signal);
  const serialNumber = await client.findVariable('serialno', signal);
  const mmcSize = Number((await client.findVariable('mmc_size', signal)) ?? '');
  return {
    ...(product === undefined || product === '' ? {} : { product }),
    ...(serialNumber === undefined || serialNumber === '' ? {} : { serialNumber }),
    ...(Number.isSafeInteger(mmcSize) && mmcSize > 0 ? { mmcSizeBytes: mmcSize } : {}),
    hasHome: (await client.findVariable('partition-type:home', signal)) !== undefined,
  };
}

/** Sizes of partitions as the board has them now; those that it does not tell are left out. */
export async function readPartitionSizes(
  client: FastbootClient,
  partitions: Iterable<string>,
  signal?: AbortSignal,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const partition of partitions) {
    const size = parsePartitionSize(await client.findVariable(`partition-size:${partition}`, signal));
    if (size !== undefined) sizes.set(partition, size);
  }
  return sizes;
}

/**
 * Refuses a board that is known to be another one. A product that no manifest knows passes, where the board shows
 * otherwise that it is the right one: by the size of its eMMC (see partitionTableFor), or by a serial number that all
 * boards of its kind share.
 * @throws WrongBoardError
 */
export function checkBoard(manifest: FlashManifest, facts: BoardFacts, all: readonly FlashManifest[]): void {
  const { product, serialNumber } = facts;
  const { identity, board, partitionTables } = manifest;
  const isProduct = product !== undefined && matchesPattern(product, identity.products);
  const other = all.find(one => product !== undefined && matchesPattern(product, one.identity.products));
  if (!isProduct && other !== undefined) throw wrongBoard(manifest, facts, `a ${other.board} (${product ?? ''})`);
  const hasSharedNumber = serialNumber !== undefined && serialNumber === identity.repeatedSerialNumber;
  if (!isProduct && !hasSharedNumber && partitionTables.length === 0) {
    throw wrongBoard(manifest, facts, product ?? 'a board that does not tell what it is');
  }
  const namesake = all.find(one => one.board !== board && one.identity.repeatedSerialNumber === serialNumber);
  if (serialNumber !== undefined && namesake !== undefined && !isProduct) {
    throw wrongBoard(manifest, facts, `a ${namesake.board}`);
  }
}

function wrongBoard({ board }: FlashManifest, facts: BoardFacts, is: string): WrongBoardError {
  return new WrongBoardError(`These images are for a ${board}, and the board is ${is}.`, {
    hint: 'Take the images of the board that this is; nothing was written.',
    facts: { ...facts },
  });
}
