import type { FastbootClient } from '../fastboot/client.js';
import { parsePartitionSize } from '../fastboot/variables.js';
import { quoteWord } from '../ssh/quote.js';
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

/**
 * Asks the board. What it does not tell is left out; its serial number is then `usbSerialNumber`, that of its USB
 * descriptor: LK, the bootloader of the Mini, may tell it there alone.
 */
export async function readBoardFacts(
  client: FastbootClient,
  {
    usbSerialNumber,
    signal,
  }: { readonly usbSerialNumber?: string | undefined; readonly signal?: AbortSignal | undefined },
): Promise<BoardFacts> {
  const product = await client.findVariable('product', signal);
  const serialNumber = (await client.findVariable('serialno', signal)) ?? usbSerialNumber;
  const mmcSize = Number((await client.findVariable('mmc_size', signal)) ?? '');
  return {
    ...(product === undefined ? {} : { product }),
    ...(serialNumber === undefined ? {} : { serialNumber }),
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

/** How a board is held against the images. */
export interface BoardCheck {
  readonly facts: BoardFacts;
  /** Of all boards that are known. */
  readonly manifests: readonly FlashManifest[];
  /** The product that the user vouches for, though no manifest knows it. */
  readonly product?: string | undefined;
}

/**
 * Refuses a board that is another one than the images are for, or that calls itself by a product that no manifest knows,
 * unless the user has named just that. A board that tells no product is told by a serial number that all of its kind
 * share, or else by the size of its eMMC (see partitionTableFor), which is returned as a remark.
 * @throws WrongBoardError
 */
export function checkBoard(manifest: FlashManifest, check: BoardCheck): string[] {
  const { facts, manifests } = check;
  const { product, serialNumber } = facts;
  const { identity, board, partitionTables } = manifest;
  if (product !== undefined && matchesPattern(product, identity.products)) return [];
  const other = manifests.find(one => product !== undefined && matchesPattern(product, one.identity.products));
  if (other !== undefined) throw wrongBoard(manifest, facts, `a ${other.board} (${product ?? ''})`);
  const namesake = manifests.find(one => one.board !== board && sharesNumber(one, serialNumber));
  if (namesake !== undefined) throw wrongBoard(manifest, facts, `a ${namesake.board}`);
  if (product !== undefined) {
    if (product !== check.product) throw unknownProduct(manifest, facts, product);
    return [`The board calls itself ${product}; it is taken for a ${board}, as --product says.`];
  }
  const taken = `The board does not tell its product; it is taken for a ${board}`;
  if (sharesNumber(manifest, serialNumber)) return [`${taken} by its serial number, which all of them have.`];
  if (partitionTables.length > 0) return [`${taken} by the size of its eMMC.`];
  throw wrongBoard(manifest, facts, 'one that does not tell what it is');
}

function sharesNumber({ identity }: FlashManifest, serialNumber: string | undefined): boolean {
  return serialNumber !== undefined && serialNumber === identity.repeatedSerialNumber;
}

function wrongBoard({ board }: FlashManifest, facts: BoardFacts, is: string): WrongBoardError {
  return new WrongBoardError(`These images are for a ${board}, and the board is ${is}.`, {
    hint: 'Take the images of the board that this is; nothing was written.',
    facts: { ...facts },
  });
}

function unknownProduct({ board }: FlashManifest, facts: BoardFacts, product: string): WrongBoardError {
  return new WrongBoardError(`These images are for a ${board}, and the board calls itself ${product}.`, {
    hint: `If you know that it is a ${board}, add --product ${quoteWord(product)}; nothing was written.`,
    facts: { ...facts },
  });
}
