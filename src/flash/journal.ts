import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '../host/private-file.js';
import { systemHint } from '../host/system-error.js';
import { FileError } from '../errors.js';

/** What is known of a flash that was begun and has not come to its end. */
export interface FlashRecord {
  /** The board as it was told to the user. */
  readonly board: string;
  /** Absolute path of the images; empty where only partitions were named. */
  readonly images: string;
  /** Absolute paths of the images that were named for partitions. */
  readonly partitions: Readonly<Record<string, string>>;
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
/** File systems allow 255 bytes; what is longer than this is cut and told apart by its hash. */
const MAX_NAME_LENGTH = 100;

/**
 * One file for each board, kept from the first write to the last step. Named by the serial number of the board, or by
 * the USB port where serial numbers repeat, or by its address. Written aside and renamed, so that it is always whole.
 */
export class FlashJournal {
  readonly #file: string;

  constructor(folder: string, board: string) {
    this.#file = join(folder, `${fileNameOf(board)}.json`);
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

  /** Moves a file that cannot be read out of the way; resolves with its new path. @throws FileError */
  async setAside(): Promise<string> {
    const path = `${this.#file}.damaged`;
    try {
      await rm(path, { recursive: true, force: true });
      await rename(this.#file, path);
      return path;
    } catch (error) {
      throw damaged(this.#file, error);
    }
  }
}

function fileNameOf(board: string): string {
  const name = encodeURIComponent(board).replaceAll('*', '%2A');
  if (name.length <= MAX_NAME_LENGTH) return name;
  const hash = createHash('sha256').update(board).digest('hex').slice(0, 32);
  return `${name.slice(0, MAX_NAME_LENGTH - hash.length - 1)}-${hash}`;
}

/**
 * All flashes that were not finished. Journals that cannot be read are left out, unless there is no other.
 * @throws FileError
 */
export async function unfinishedFlashes(folder: string): Promise<FlashRecord[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter(name => name.endsWith('.json')).sort();
  const results = await Promise.allSettled(files.map(name => readRecord(join(folder, name))));
  const records = results.flatMap(result => (result.status === 'fulfilled' && result.value ? [result.value] : []));
  const failed = results.find(result => result.status === 'rejected');
  if (records.length === 0 && failed !== undefined) throw failed.reason;
  return records;
}

async function readRecord(file: string): Promise<FlashRecord | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw damaged(file, error);
  }
  try {
    return parseRecord(JSON.parse(text) as Record<string, unknown>);
  } catch (error) {
    throw damaged(file, error);
  }
}

function parseRecord(fields: Readonly<Record<string, unknown>>): FlashRecord {
  const { version, board, images, partitions = {}, identity, steps, completed, hadHome, startedAt } = fields;
  const isText = (value: unknown): value is string => typeof value === 'string';
  if (version !== SCHEMA_VERSION || !isText(board) || !isText(images) || !isText(identity) || !isText(startedAt)) {
    throw new Error('It was not written by this version of mdt.');
  }
  if (!isRecordOfTexts(partitions)) throw new Error('It does not say what was written to which partition.');
  if (!Array.isArray(steps) || !steps.every(isText) || typeof hadHome !== 'boolean') throw new Error('It lacks steps.');
  if (typeof completed !== 'number' || !(completed >= 0 && completed <= steps.length)) {
    throw new Error('It does not say how far it went.');
  }
  return { board, images, partitions, identity, steps, completed, hadHome, startedAt };
}

function isRecordOfTexts(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(one => typeof one === 'string');
}

function damaged(file: string, cause: unknown): FileError {
  return new FileError(`The journal of a flash, ${file}, cannot be read.`, {
    hint: 'Remove it and flash from the beginning, which is always safe.',
    cause,
  });
}
