import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '../config/private-file.js';
import { systemHint } from '../device/system-error.js';
import { FileError } from '../errors.js';

/** What is known of a flash that was begun and has not come to its end. */
export interface FlashRecord {
  /** The board as it was told to the user. */
  readonly board: string;
  /** Absolute path of the images; empty where only partitions were named. */
  readonly images: string;
  /** Of the image set: only the same images may go on. */
  readonly identity: string;
  /** As `describeStep` has them; the plan that goes on has to be the same. */
  readonly steps: readonly string[];
  /** How many of the steps are done. */
  readonly completed: number;
  /** Whether the board had a home partition when the flash began: afterwards it cannot be told any more. */
  readonly hadHome: boolean;
  readonly startedAt: string;
}

const SCHEMA_VERSION = 1;

/**
 * One file for each board, kept from the first write to the last step. Named by the serial number of the board, or by
 * the USB port where serial numbers repeat, or by its address. Written aside and renamed, so that it is always whole.
 */
export class FlashJournal {
  readonly #file: string;

  constructor(folder: string, board: string) {
    this.#file = join(folder, `${encodeURIComponent(board).replaceAll('*', '%2A')}.json`);
  }

  /** Undefined if no flash of this board is unfinished. @throws FileError if the file cannot be read as one */
  async read(): Promise<FlashRecord | undefined> {
    return await readRecord(this.#file);
  }

  async write(record: FlashRecord): Promise<void> {
    try {
      await writePrivateFile(this.#file, `${JSON.stringify({ version: SCHEMA_VERSION, ...record }, null, 2)}\n`);
    } catch (error) {
      throw new FileError(`The journal of the flash, ${this.#file}, cannot be written.`, {
        hint: systemHint(error),
        cause: error,
      });
    }
  }

  async remove(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}

/** All flashes that were not finished. */
export async function unfinishedFlashes(folder: string): Promise<FlashRecord[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter(name => name.endsWith('.json')).sort();
  const records = await Promise.all(files.map(name => readRecord(join(folder, name))));
  return records.filter(record => record !== undefined);
}

async function readRecord(file: string): Promise<FlashRecord | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw damaged(file, error);
  }
  try {
    return parseRecord(JSON.parse(text) as Record<string, unknown>);
  } catch (error) {
    throw damaged(file, error);
  }
}

function parseRecord(fields: Readonly<Record<string, unknown>>): FlashRecord {
  const { version, board, images, identity, steps, completed, hadHome, startedAt } = fields;
  const isText = (value: unknown): value is string => typeof value === 'string';
  if (version !== SCHEMA_VERSION || !isText(board) || !isText(images) || !isText(identity) || !isText(startedAt)) {
    throw new Error('It was not written by this version of mdt.');
  }
  if (!Array.isArray(steps) || !steps.every(isText) || typeof hadHome !== 'boolean') throw new Error('It lacks steps.');
  if (typeof completed !== 'number' || !(completed >= 0 && completed <= steps.length)) {
    throw new Error('It does not say how far it went.');
  }
  return { board, images, identity, steps, completed, hadHome, startedAt };
}

function damaged(file: string, cause: unknown): FileError {
  return new FileError(`The journal of a flash, ${file}, cannot be read.`, {
    hint: 'Remove it and flash from the beginning, which is always safe.',
    cause,
  });
}
