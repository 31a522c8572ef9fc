import type { BoardResult } from '../flash/flash-all.js';
import type { FlashOutcome } from '../flash/flash-board.js';
import type { ImageSet } from '../flash/image-set.js';
import type { BoardPlace } from '../bootloader/locate-board.js';
import type { FlashRequest } from '../flash/prepare-flash.js';
import type { FlashPreview } from '../flash/preview.js';
import type { MendelVersion } from '../flash/verify.js';
import type { HostContext } from '../pairing/host.js';
import type { LongOperation, OnProgress } from '../time/progress.js';

/** What `mdt.flash()` accepts. */
export interface FlashOptions extends LongOperation {
  /** Release archive, directory, or single image; may be left out where `partitions` is given. */
  readonly images?: string | undefined;
  /** Image files by partition. */
  readonly partitions?: Readonly<Record<string, string>> | undefined;
  /** The board; default: the only one in fastboot, else the preferred one. */
  readonly board?: string | undefined;
  /** Serial console of the board: a port, or `tcp:HOST:PORT`. */
  readonly console?: string | undefined;
  /** What becomes of `/home`; default `keep`. */
  readonly home?: 'keep' | 'wipe' | undefined;
  /** Product name of the board where no manifest knows it. */
  readonly product?: string | undefined;
  /** Continue a flash of this board that was interrupted. */
  readonly resume?: boolean | undefined;
  /** Restart into Mendel at the end; default true. */
  readonly reboot?: boolean | undefined;
  /** Wait until Mendel runs, pin the new host key of the board, and report the version. */
  readonly verify?: boolean | undefined;
}

/** What `mdt.flashAll()` accepts. */
export interface FlashAllOptions extends Omit<FlashOptions, 'board' | 'console' | 'verify' | 'onProgress'> {
  /** Makes the progress listener of each board. */
  readonly progressOf?: ((board: BoardPlace) => OnProgress) | undefined;
}

/** What was done to the board, and which Mendel runs on it if that was asked for. */
export interface FlashResult extends FlashOutcome {
  readonly version?: MendelVersion | undefined;
}

/** Finds the board, opens and checks the images, and flashes. */
export async function flash(host: HostContext, options: FlashOptions): Promise<FlashResult> {
  const { flashBoard } = await import('../flash/flash-board.js');
  await using images = await openImages(options);
  const place = await locate(host, options);
  const outcome = await flashBoard(host, place, requestOf(images, options));
  return options.verify === true ? { ...outcome, version: await verify(host, place, { outcome, options }) } : outcome;
}

/** Finds the board, opens and checks the images, and says what `flash` would do. */
export async function preview(host: HostContext, options: FlashOptions): Promise<FlashPreview> {
  const { previewFlash } = await import('../flash/preview.js');
  await using images = await openImages(options);
  return await previewFlash(host, await locate(host, options), requestOf(images, options));
}

/** Flashes every board that is in fastboot. */
export async function flashEvery(host: HostContext, options: FlashAllOptions): Promise<BoardResult[]> {
  const [{ flashAll }, { boardsInFastboot }] = await Promise.all([
    import('../flash/flash-all.js'),
    import('../bootloader/locate-board.js'),
  ]);
  await using images = await openImages(options);
  const places = await boardsInFastboot(host, options);
  const { progressOf = () => () => undefined } = options;
  return await flashAll(host, places, { ...requestOf(images, options), progressOf });
}

async function openImages({ images, partitions, ...operation }: FlashOptions): Promise<ImageSet> {
  const { openImageSet } = await import('../flash/image-set.js');
  const named = partitions === undefined ? undefined : new Map(Object.entries(partitions));
  return await openImageSet({ path: images, partitions: named }, operation);
}

async function locate(host: HostContext, { board, ...request }: FlashOptions): Promise<BoardPlace> {
  const { locateBoard } = await import('../bootloader/locate-board.js');
  const { console, resume, signal, onProgress } = request;
  return await locateBoard(host, { device: board, console, resume, signal, onProgress });
}

function requestOf(images: ImageSet, options: FlashOptions): FlashRequest {
  const { home, product, resume, reboot, signal, onProgress } = options;
  return { images, home, product, resume, reboot, signal, onProgress };
}

/** The host key is a new one after a flash that the caller asked for. */
async function verify(
  host: HostContext,
  { console }: BoardPlace,
  { outcome, options }: { readonly outcome: FlashOutcome; readonly options: FlashOptions },
): Promise<MendelVersion> {
  const { verifyByConsole, verifyMendel } = await import('../flash/verify.js');
  const { signal, onProgress } = options;
  if (console !== undefined) return await verifyByConsole(host, { console, signal, onProgress });
  const { mendelRoutes, target } = outcome;
  const acceptHostKey = (): Promise<boolean> => Promise.resolve(true);
  return await verifyMendel(host, { mendelRoutes, target, signal, onProgress, acceptHostKey });
}
