import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectories } from '../../host/make-directories.js';
import { UsageError } from '../../errors.js';
import { Area } from './area.js';
import { BOARD_KINDS, type EmmcArea, type FixedPlace } from './board-kind.js';
import { BACKUP_SECTORS, HEAD_BYTES, SECTOR_BYTES, type GptPartition } from '../../formats/gpt/layout.js';
import { backupOf, fitTable, headFromBackup, makeTable } from '../../formats/gpt/write.js';
import { readTable } from './gpt.js';
import { placePartitions, type Layout } from './layout.js';
import { StorageFault } from './storage-fault.js';

/** As the smallest Dev Boards show it. */
export const DEFAULT_EMMC_BYTES = 7_818_182_656;
/** Each of the two boot areas of such an eMMC. */
const BOOT_AREA_BYTES = 4 * 1024 * 1024;

/** A stretch of the eMMC with a name. */
export interface Region {
  readonly name: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly area: Area;
}

export interface EmmcOptions {
  /** Folder for its files; made if it is not there. */
  readonly folder: string;
  /** A multiple of 512; default: that of the files which are there, else 7818182656. */
  readonly sizeBytes?: number | undefined;
  /** What a new eMMC is partitioned as; undefined leaves it blank. */
  readonly layout?: Layout | undefined;
  /** What has a name without being a partition; default: as the Dev Board has it. */
  readonly places?: readonly FixedPlace[] | undefined;
  /** GUIDs are made from this. */
  readonly seed: string;
  /** Called with the name of a region when something is written there. */
  readonly onWritten?: (name: string) => void;
}

/** The eMMC of a board: its user area with a GUID partition table, and the boot areas, as files that may be looked at. */
export class Emmc implements AsyncDisposable {
  readonly user: Area;
  readonly boot0: Area;
  readonly boot1: Area;
  readonly #places: readonly FixedPlace[];
  readonly #onWritten: (name: string) => void;

  private constructor(areas: Readonly<Record<EmmcArea, Area>>, { places, onWritten }: EmmcOptions) {
    this.user = areas.user;
    this.boot0 = areas.boot0;
    this.boot1 = areas.boot1;
    this.#places = places ?? BOARD_KINDS['dev-board'].places;
    this.#onWritten = onWritten ?? (() => undefined);
  }

  /** @throws UsageError for a size that is not that of the files, or that the layout does not fit */
  static async open(options: EmmcOptions): Promise<Emmc> {
    const path = join(options.folder, 'emmc.img');
    const presentBytes = await sizeOf(path);
    const sizeBytes = options.sizeBytes ?? presentBytes ?? DEFAULT_EMMC_BYTES;
    checkSize(sizeBytes, presentBytes);
    const partitions = options.layout === undefined ? undefined : placePartitions(options.layout, sizeBytes);
    makeDirectories(options.folder, 0o755);
    const user = await Area.open(path, sizeBytes);
    const boot0 = await Area.open(join(options.folder, 'emmc-boot0.img'), BOOT_AREA_BYTES);
    const boot1 = await Area.open(join(options.folder, 'emmc-boot1.img'), BOOT_AREA_BYTES);
    const emmc = new Emmc({ user, boot0, boot1 }, options);
    if (user.isNew && partitions !== undefined) {
      emmc.#writeTable(makeTable(partitions, emmc.#sectors, options.seed));
    }
    return emmc;
  }

  get sizeBytes(): number {
    return this.user.sizeBytes;
  }

  /** Made just now. */
  get isNew(): boolean {
    return this.user.isNew;
  }

  /** What the partition table says, or its backup where it is broken; empty without one. */
  async partitions(): Promise<readonly GptPartition[]> {
    const table = readTable(await this.user.read(0, HEAD_BYTES), this.#sectors);
    if (table !== undefined) return table;
    const backupBytes = BACKUP_SECTORS * SECTOR_BYTES;
    const head = headFromBackup(await this.user.read(this.sizeBytes - backupBytes, backupBytes), this.#sectors);
    return (head === undefined ? undefined : readTable(head, this.#sectors)) ?? [];
  }

  /** The places outside of the partition table, and the partitions. */
  async regions(): Promise<Region[]> {
    return [
      ...this.#places.map(({ name, area, offsetBytes }) => ({
        ...{ name, offsetBytes, sizeBytes: this[area].sizeBytes - offsetBytes },
        area: this[area],
      })),
      ...(await this.partitions()).map(({ name, firstSector, lastSector }) => ({
        name,
        offsetBytes: firstSector * SECTOR_BYTES,
        sizeBytes: (lastSector - firstSector + 1) * SECTOR_BYTES,
        area: this.user,
      })),
    ];
  }

  async find(name: string): Promise<Region | undefined> {
    return (await this.regions()).find(region => region.name === name);
  }

  /** Puts the table of an image on the disk, both copies. @throws StorageFault if it is none for this disk */
  installTable(image: Buffer): void {
    if (readTable(image.subarray(0, HEAD_BYTES), this.#sectors) === undefined) {
      throw new StorageFault('invalid GPT partition');
    }
    this.#writeTable(fitTable(image, this.#sectors));
    this.#onWritten('gpt');
  }

  write(region: Region, offsetBytes: number, bytes: Uint8Array): void {
    check(region, offsetBytes + bytes.length);
    this.#onWritten(region.name);
    region.area.write(region.offsetBytes + offsetBytes, bytes);
  }

  async read(region: Region, offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    check(region, offsetBytes + lengthBytes);
    return await region.area.read(region.offsetBytes + offsetBytes, lengthBytes);
  }

  async fill(region: Region, offsetBytes: number, stretch: { pattern: Buffer; lengthBytes: number }): Promise<void> {
    check(region, offsetBytes + stretch.lengthBytes);
    this.#onWritten(region.name);
    await region.area.fill(region.offsetBytes + offsetBytes, stretch.lengthBytes, stretch.pattern);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.user[Symbol.asyncDispose]();
    await this.boot0[Symbol.asyncDispose]();
    await this.boot1[Symbol.asyncDispose]();
  }

  get #sectors(): number {
    return this.sizeBytes / SECTOR_BYTES;
  }

  #writeTable(head: Buffer): void {
    const backup = backupOf(head, this.#sectors);
    this.user.write(0, head);
    this.user.write(this.sizeBytes - backup.length, backup);
  }
}

function check(region: Region, endBytes: number): void {
  if (endBytes > region.sizeBytes) throw new StorageFault('too large for partition');
}

function checkSize(sizeBytes: number, presentBytes: number | undefined): void {
  if (presentBytes !== undefined && presentBytes !== sizeBytes) {
    throw new UsageError(`The eMMC of this board has ${String(presentBytes)} bytes, not ${String(sizeBytes)}.`, {
      hint: 'Leave the size out, or give the board another folder.',
    });
  }
  if (sizeBytes % SECTOR_BYTES !== 0 || sizeBytes < 1024 * 1024) {
    throw new UsageError(`An eMMC cannot have ${String(sizeBytes)} bytes.`, {
      hint: 'Give at least 1 MiB, in sectors of 512 bytes.',
    });
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}
