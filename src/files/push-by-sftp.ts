import { randomBytes } from 'node:crypto';
import { AbortedError, FileError, ProtocolError, TimeoutError, TransportError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import type { RemoteFile, SftpChannel } from '../ssh/sftp.js';
import { mapBounded } from '../time/concurrency.js';
import { throwIfAborted } from '../time/deadline.js';
import { overtaken } from './board-failure.js';
import { isRemoteFileError, SFTP_STATUS } from '../ssh/sftp-requests.js';
import { explainRemoteError } from './remote-error.js';
import { hashPrefix, readChunks } from './local-read.js';
import { isText } from './names.js';
import { isPartOf, partNames, type PartNames } from './part-name.js';
import type { PushContext } from './push-context.js';
import { foldersToFinish } from './push-folders.js';
import type { PlannedEntry, PushPlan } from './push-plan.js';
import { joinPath, splitTarget } from './paths.js';
import { hashBySftp, writeContent } from './sftp-content.js';
import { withStallWatch, type StallWatch } from './stall.js';
import { LARGE_FILE_BYTES } from './transfer.js';

/** Files under way at once: each has a round trip for opening, writing and renaming, which overlap. */
const FILES_AT_ONCE = 32;
const TIDY_MS = 2000;
const OWNER_MAY_ALL = 0o700;

/** Sends over SFTP alone, for boards that cannot run the scripts; many files at once, so that round trips overlap. */
export async function sendBySftp(context: PushContext, plan: PushPlan): Promise<void> {
  const unsendable = [...plan.newFolders, ...plan.files, ...plan.symlinks].find(entry => !isText(entry.target));
  if (unsendable) {
    throw new FileError(`The name of ${safeText(unsendable.path)} is not UTF-8, and this board takes no other.`, {
      facts: { path: unsendable.path },
      hint: 'Rename it, or leave it out.',
    });
  }
  const sftp = await context.session.sftp();
  const options = {
    operation: 'pushing files',
    timeoutMs: context.stallTimeoutMs,
    signal: context.signal,
    tidyMs: TIDY_MS,
    hint: 'The board took nothing more for that long; check the connection and repeat the command with --resume.',
  };
  await withStallWatch(options, watch => new SftpSender(context, sftp, watch).send(plan));
}

interface ClaimedPart {
  /** Path of a name beside the final place. */
  readonly inFolder: (name: string) => string;
  readonly file: PlannedEntry;
}

class SftpSender {
  readonly #context: PushContext;
  readonly #sftp: SftpChannel;
  readonly #watch: StallWatch;

  constructor(context: PushContext, sftp: SftpChannel, watch: StallWatch) {
    this.#context = context;
    this.#sftp = sftp;
    this.#watch = watch;
  }

  async send(plan: PushPlan): Promise<void> {
    for (const level of byDepth(plan.newFolders)) {
      await mapBounded(level, FILES_AT_ONCE, folder => this.#step(folder, path => this.#makeFolder(path, folder)));
    }
    await mapBounded(plan.symlinks, FILES_AT_ONCE, link => this.#step(link, path => this.#makeSymlink(path, link)));
    await mapBounded(plan.files, FILES_AT_ONCE, file => this.#step(file, path => this.#sendFile(path, file)));
    if (!this.#context.keepTimes) return;
    const folders = foldersToFinish(plan, this.#context.touchedFolders);
    await mapBounded(folders.reverse(), FILES_AT_ONCE, async folder => {
      await this.#sftp.setAttributes(this.#pathOf(folder), attributesOf(folder, true));
      this.#watch.moved();
    });
  }

  async #step(entry: PlannedEntry, work: (path: string) => Promise<void>): Promise<void> {
    throwIfAborted(this.#watch.signal);
    const path = this.#pathOf(entry);
    try {
      await work(path);
    } catch (error) {
      throw await explainRemoteError(error, { session: this.#context.session, path, neededBytes: entry.sizeBytes });
    }
    this.#watch.moved();
    this.#context.touchedFolders.add(splitTarget(entry.target).folder);
    this.#context.tally.add(entry);
  }

  async #makeFolder(path: string, folder: PlannedEntry): Promise<void> {
    await this.#sftp.mkdir(path, folder.mode | OWNER_MAY_ALL);
    this.#context.touchedFolders.add(folder.target);
  }

  async #makeSymlink(path: string, link: PlannedEntry): Promise<void> {
    const temporary = temporaryName(path);
    await this.#sftp.symlink(link.linkTarget, temporary);
    await this.#orRemove(temporary, () => this.#sftp.rename(temporary, path));
  }

  async #sendFile(path: string, file: PlannedEntry): Promise<void> {
    if (file.sizeBytes < LARGE_FILE_BYTES) {
      const temporary = temporaryName(path);
      await this.#orRemove(temporary, () => this.#write(temporary, path, { file, offset: 0 }));
      return;
    }
    const { folder, name } = splitTarget(path);
    const names = partNames(name, file);
    const inFolder = (own: string): string => joinPath(folder === '' ? '/' : folder, own);
    const part = inFolder(names.own);
    const offset = await this.#claimPart(names, { inFolder, file });
    this.#context.tally.resumed(offset);
    this.#context.meter.advance(offset, file.target);
    const write = async (): Promise<void> => {
      try {
        await this.#write(part, path, { file, offset });
      } catch (error) {
        throw isRemoteFileError(error, SFTP_STATUS.noSuchFile) ? overtaken('push', path) : error;
      }
    };
    await this.#orRemove(part, write, isInterruption);
  }

  /** Takes over what can be continued, and removes all other parts of the file; resolves with what there is of it. */
  async #claimPart(names: PartNames, { inFolder, file }: ClaimedPart): Promise<number> {
    const listed = await this.#sftp.readdir(inFolder(''));
    const parts = listed.filter(({ name, type }) => type === 'file' && isPartOf(names, name));
    const ofVersion = parts.filter(({ name }) => name.startsWith(names.ofVersion));
    const [largest] = this.#context.resume ? ofVersion.sort((a, b) => b.sizeBytes - a.sizeBytes) : [];
    const part = inFolder(names.own);
    const isOurs = largest !== undefined && (await this.#tried(this.#sftp.rename(inFolder(largest.name), part)));
    await Promise.all(
      parts.filter(other => other !== largest).map(({ name }) => this.#tried(this.#sftp.remove(inFolder(name)))),
    );
    const offset = isOurs ? await this.#usableBytes(part, file) : 0;
    // Not cut off but made anew: another push may still be writing to it.
    if (isOurs && offset === 0) await this.#sftp.remove(part);
    return offset;
  }

  /** False where somebody else was quicker. */
  async #tried(work: Promise<void>): Promise<boolean> {
    try {
      await work;
      return true;
    } catch (error) {
      if (isRemoteFileError(error)) return false;
      throw error;
    }
  }

  async #usableBytes(part: string, file: PlannedEntry): Promise<number> {
    const found = await this.#sftp.stat(part);
    if (!found || found.sizeBytes > file.sizeBytes) return 0;
    const [there, here] = await Promise.all([
      hashBySftp(this.#sftp, part, { length: found.sizeBytes, moved: this.#watch.moved }),
      hashPrefix(file, found.sizeBytes),
    ]);
    this.#watch.moved();
    return there === here ? found.sizeBytes : 0;
  }

  async #write(
    temporary: string,
    path: string,
    { file, offset }: { file: PlannedEntry; offset: number },
  ): Promise<void> {
    const remote = await this.#sftp.open(temporary, offset > 0 ? 'write-existing' : 'write-new', 0o600);
    try {
      await writeContent(remote, this.#chunks(file, offset), {
        position: offset,
        requestBytes: this.#sftp.maxRequestBytes,
        confirmed: bytes => {
          this.#watch.moved();
          this.#context.meter.advance(bytes, file.target);
        },
      });
      await this.#confirm(remote, file, path);
    } finally {
      await remote.close();
    }
    if (this.#context.checksum) await this.#compare(temporary, file, path);
    await this.#sftp.rename(temporary, path);
  }

  async *#chunks(file: PlannedEntry, offset: number): AsyncGenerator<Buffer> {
    for await (const chunk of readChunks(file, offset)) {
      throwIfAborted(this.#watch.signal);
      yield chunk;
    }
  }

  async #confirm(remote: RemoteFile, file: PlannedEntry, path: string): Promise<void> {
    const [, found] = await Promise.all([
      remote.setAttributes(attributesOf(file, this.#context.keepTimes)),
      remote.stat(),
    ]);
    if (found.sizeBytes === file.sizeBytes) return;
    throw new ProtocolError(`The board did not keep all of ${safeText(path)}.`, {
      facts: { path, sizeBytes: file.sizeBytes, keptBytes: found.sizeBytes },
    });
  }

  async #compare(temporary: string, file: PlannedEntry, path: string): Promise<void> {
    const [there, here] = await Promise.all([
      hashBySftp(this.#sftp, temporary, { length: file.sizeBytes, moved: this.#watch.moved }),
      hashPrefix(file, file.sizeBytes),
    ]);
    if (there !== here) {
      throw new ProtocolError(`What the board got of ${safeText(path)} differs from what was sent.`, {
        facts: { path },
        hint: 'Nothing was put in place; repeat the command.',
      });
    }
  }

  /** Takes the temporary file away if `work` fails with an error that it need not be kept for. */
  async #orRemove(
    temporary: string,
    work: () => Promise<void>,
    isKept: (error: unknown) => boolean = () => false,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isKept(error)) throw error;
      // It is an attempt; the error that led here is the one to tell.
      await this.#sftp.remove(temporary).catch(() => undefined);
      throw error;
    }
  }

  #pathOf(entry: PlannedEntry): string {
    return joinPath(this.#context.base, entry.target);
  }
}

function isInterruption(error: unknown): boolean {
  return error instanceof TransportError || error instanceof TimeoutError || error instanceof AbortedError;
}

function attributesOf(entry: PlannedEntry, keepTimes: boolean): { mode: number; modifiedAtS?: number } {
  return { mode: entry.mode, ...(keepTimes ? { modifiedAtS: Math.floor(entry.modifiedAtS) } : {}) };
}

function temporaryName(path: string): string {
  const { folder } = splitTarget(path);
  return joinPath(folder === '' ? '/' : folder, `.mdt-${randomBytes(8).toString('hex')}.tmp`);
}

/** Parents before children, all of one depth together. */
function byDepth(folders: readonly PlannedEntry[]): PlannedEntry[][] {
  const levels = new Map<number, PlannedEntry[]>();
  for (const folder of folders) {
    const depth = folder.target.split('/').length;
    levels.set(depth, [...(levels.get(depth) ?? []), folder]);
  }
  return [...levels].sort(([a], [b]) => a - b).map(([, level]) => level);
}
