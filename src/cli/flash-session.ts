// What `mdt flash` does, from the words of the command to the lines of its result.
import type { Command } from 'commander';
import { MdtError } from '../errors.js';
import type { BoardResult } from '../flash/flash-all.js';
import type { FlashOutcome } from '../flash/flash-board.js';
import type { FlashRequest } from '../flash/prepare-flash.js';
import type { ImageSet } from '../flash/image-set.js';
import type { FlashRecord } from '../flash/journal.js';
import type { BoardPlace } from '../bootloader/locate-board.js';
import type { MendelVersion } from '../flash/verify.js';
import { boardRequest, progressFor } from './board.js';
import type { Cli } from './cli.js';
import { imagesOf } from './flash-images.js';
import type { FlashOptions, FlashWords } from './flash-options.js';
import { BoardLines } from './output/board-lines.js';
import { askToFlash, flashedLine, flashJson, stepLines } from './output/flash.js';
import { printJson } from './output/json.js';
import type { ProgressView } from './output/progress.js';
import { reportError } from './report-error.js';

/** Prints what would be done. */
export async function preview(cli: Cli, command: Command, words: FlashWords): Promise<void> {
  const { previewFlash } = await import('../flash/preview.js');
  using progress = progressFor(cli, command);
  await using images = await imagesOf(cli, words, progress);
  for (const place of await placesOf(cli, command, words.options)) {
    const plan = await previewFlash(cli.host, place, requestOf(cli, words.options, { images, progress }));
    progress[Symbol.dispose]();
    for (const remark of plan.remarks) cli.printer.note(remark);
    for (const line of stepLines(plan, { images, board: place.name })) {
      cli.printer.line(words.options.all ? `${place.name}\t${line}` : line);
    }
  }
}

/** Flashes the one board that is meant. */
export async function flashOne(cli: Cli, command: Command, words: FlashWords): Promise<void> {
  const { flashBoard } = await import('../flash/flash-board.js');
  const { options } = words;
  using progress = progressFor(cli, command);
  await using images = await imagesOf(cli, words, progress);
  const [place] = await placesOf(cli, command, options);
  if (place === undefined || !(await mayFlash(cli, { images, options, boards: [place] }))) return;
  const startedAt = performance.now();
  const request = requestOf(cli, options, { images, progress });
  const onUnfinished = options.yes ? undefined : (record: FlashRecord) => askToResume(cli, record);
  const outcome = await flashBoard(cli.host, place, { ...request, onUnfinished });
  const { console } = place;
  const version = options.verify ? await verify(cli, command, { outcome, options, console, progress }) : undefined;
  progress[Symbol.dispose]();
  if (options.json) printJson(cli, flashJson(place, outcome, version));
  else cli.printer.line(flashedLine({ place, outcome, version, elapsedMs: performance.now() - startedAt }));
}

/** Flashes every board that is in fastboot. */
export async function flashEvery(cli: Cli, command: Command, words: FlashWords): Promise<void> {
  const { flashAll } = await import('../flash/flash-all.js');
  const { options } = words;
  using progress = progressFor(cli, command);
  await using images = await imagesOf(cli, words, progress);
  const boards = await placesOf(cli, command, options);
  if (!(await mayFlash(cli, { images, options, boards }))) return;
  using lines = new BoardLines({
    io: cli.io,
    printer: cli.printer,
    enabled: command.opts<{ progress: boolean }>().progress,
  });
  const startedAt = performance.now();
  const request = requestOf(cli, options, { images, progress });
  const results = await flashAll(cli.host, boards, { ...request, progressOf: ({ name }) => lines.listenerFor(name) });
  lines[Symbol.dispose]();
  printAll(cli, results, { options, elapsedMs: performance.now() - startedAt });
}

function printAll(cli: Cli, results: readonly BoardResult[], told: { options: FlashOptions; elapsedMs: number }): void {
  const { options, elapsedMs } = told;
  const { printer, io } = cli;
  for (const { place, ...result } of results) {
    if (result.kind === 'failed') {
      printer.note(`${place.name}:`);
      const code = reportError(result.error, { printer, environment: io.environment, signal: io.signal });
      if (cli.exitCode === 0) cli.exitCode = code;
    } else if (!options.json) {
      printer.line(flashedLine({ place, outcome: result.outcome, version: undefined, elapsedMs }));
    }
  }
  if (!options.json) return;
  const failure = (error: unknown): string => (error instanceof MdtError ? error.code : 'BUG');
  printJson(
    cli,
    results.map(result =>
      result.kind === 'flashed'
        ? flashJson(result.place, result.outcome, undefined)
        : { board: result.place.name, flashed: false, error: failure(result.error) },
    ),
  );
}

async function placesOf(cli: Cli, command: Command, options: FlashOptions): Promise<BoardPlace[]> {
  const { boardsInFastboot, locateBoard } = await import('../bootloader/locate-board.js');
  const request = { ...boardRequest(cli, command), console: options.console, resume: options.resume };
  if (options.all !== true) return [await locateBoard(cli.host, request)];
  return await boardsInFastboot(cli.host, request);
}

interface Given {
  readonly images: ImageSet;
  readonly progress: ProgressView;
}

function requestOf(cli: Cli, options: FlashOptions, { images, progress }: Given): FlashRequest {
  const home = options.wipeHome ? 'wipe' : options.keepHome ? 'keep' : undefined;
  const { resume, reboot, product } = options;
  return { images, home, product, resume, reboot, signal: cli.io.signal, onProgress: progress.onProgress };
}

async function mayFlash(
  cli: Cli,
  what: { images: ImageSet; options: FlashOptions; boards: readonly BoardPlace[] },
): Promise<boolean> {
  const { notice } = what.images.manifest ?? {};
  if (notice !== undefined) cli.printer.warn(notice);
  if (what.options.yes) return true;
  const { confirm } = await import('./prompt.js');
  const isWanted = await confirm(cli.io, askToFlash(what));
  if (!isWanted) cli.printer.note('Nothing was written.');
  return isWanted;
}

async function askToResume(cli: Cli, { steps, completed }: FlashRecord): Promise<'resume' | 'restart'> {
  const { confirm } = await import('./prompt.js');
  const progress = `${String(completed)} of ${String(steps.length)} steps`;
  const question = `A flash of this board with the same images was interrupted after ${progress}. Go on there?`;
  return (await confirm(cli.io, question)) ? 'resume' : 'restart';
}

interface Flashed {
  readonly outcome: FlashOutcome;
  readonly options: FlashOptions;
  /** Named by the user, or found. */
  readonly console: string | undefined;
  readonly progress: ProgressView;
}

async function verify(
  cli: Cli,
  command: Command,
  { outcome, options, console, progress }: Flashed,
): Promise<MendelVersion> {
  const { verifyByConsole, verifyMendel } = await import('../flash/verify.js');
  const { choose, onProgress } = boardRequest(cli, command);
  progress.onProgress({
    kind: 'message',
    task: 'verify',
    text: 'Waiting until Mendel runs; a first boot takes minutes.',
  });
  const { signal } = cli.io;
  if (console !== undefined) {
    return await verifyByConsole(cli.host, { console, signal, onProgress: progress.onProgress });
  }
  return await verifyMendel(cli.host, {
    ...{ choose, onProgress, signal },
    ...{ mendelRoutes: outcome.mendelRoutes, target: outcome.target },
    acceptHostKey: async error => {
      if (options.yes) return true;
      const { confirm } = await import('./prompt.js');
      progress[Symbol.dispose]();
      const shown = String(error.facts['shown']);
      return await confirm(cli.io, `The board shows a new host key, ${shown}, as it does after flashing. Trust it?`);
    },
  });
}
