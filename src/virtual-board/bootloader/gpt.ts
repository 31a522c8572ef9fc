import { ENTRIES_SECTOR, ENTRY_BYTES, ENTRY_COUNT, type GptPartition } from '../../formats/gpt/layout.js';
import { readGpt } from '../../formats/gpt/read.js';

/** The partitions of a table as U-Boot takes it; undefined if the head is not a valid table of a disk of this size. */
export function readTable(head: Buffer, diskSectors: number): readonly GptPartition[] | undefined {
  const table = readGpt(head);
  if (typeof table === 'string') return undefined;
  const { firstUsableSector, lastUsableSector, partitions } = table;
  const isUsual =
    table.ownSector === 1 &&
    table.entriesSector === ENTRIES_SECTOR &&
    table.entryCount === ENTRY_COUNT &&
    table.entryBytes === ENTRY_BYTES;
  const fits = partitions.every(
    ({ firstSector, lastSector }) =>
      firstSector >= firstUsableSector && firstSector <= lastSector && lastSector <= lastUsableSector,
  );
  return isUsual && fits && lastUsableSector < diskSectors ? partitions : undefined;
}
