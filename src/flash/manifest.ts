import type { ImageKind } from './image-kind.js';

/** One way in which the images of a board go onto it: a file of images/, whose schema is flash-manifest.schema.json there. */
export interface FlashManifest {
  readonly id: string;
  /** As people call the board. */
  readonly board: string;
  /** What sets this manifest apart from the board's others. */
  readonly layout: string;
  /** What the user has to know before anything is written. */
  readonly notice?: string;
  readonly recognition: Recognition;
  readonly identity: BoardIdentity;
  readonly partitionTables: readonly PartitionTableChoice[];
  readonly files: readonly ManifestFile[];
  readonly steps: readonly ManifestStep[];
  readonly releases: readonly Release[];
}

/** How a folder or zip is known to be for this board: by its name, else by what is in it. */
export interface Recognition {
  /** Patterns with `*`. */
  readonly names: readonly string[];
  readonly present: readonly string[];
  readonly absent: readonly string[];
}

/** What tells in fastboot that a board is one of these. */
export interface BoardIdentity {
  /** Patterns with `*` of the variable `product`. */
  readonly products: readonly string[];
  /** The serial number that all boards of the kind have. */
  readonly repeatedSerialNumber?: string;
  /** `vendor:product` in hexadecimal. */
  readonly usbIds?: readonly string[];
}

/** The partition table for an eMMC of a size between the two, both excluded. */
export interface PartitionTableChoice {
  readonly file: string;
  readonly moreThanBytes: number;
  readonly lessThanBytes?: number;
}

export interface ManifestFile {
  /** What steps call it. */
  readonly id: string;
  /** The first that is there is taken. */
  readonly names: readonly string[];
  readonly kinds: readonly ImageKind[];
}

export type ManifestStep =
  | {
      readonly do: 'flash';
      readonly partition: string;
      /** The id of a file, or `partition-table` for the one that the size of the eMMC chooses. */
      readonly file: string;
      /** Left out where the board has a home partition that is to be kept. */
      readonly unlessKept?: 'home';
    }
  | { readonly do: 'erase'; readonly partition: string }
  | { readonly do: 'reboot-bootloader' }
  | { readonly do: 'reboot' };

export interface Release {
  readonly release: string;
  readonly zip: string;
}

/** The id by which steps name the partition table that the size of the eMMC chooses. */
export const PARTITION_TABLE = 'partition-table';

/** Whether `text` is one of the patterns, in which `*` stands for anything; case does not count. */
export function matchesPattern(text: string, patterns: readonly string[]): boolean {
  return patterns.some(pattern => {
    const source = pattern
      .split('*')
      .map(part => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('.*');
    return new RegExp(`^${source}$`, 'is').test(text);
  });
}
