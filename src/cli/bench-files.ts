// The files that `mdt bench` reads and writes.
import { readFile, writeFile } from 'node:fs/promises';
import type { Baseline } from '../bench/compare.js';
import type { BenchReport } from '../bench/report.js';
import { safeText } from '../device/board-text.js';
import { FileError } from '../errors.js';
import type { Cli } from './cli.js';

export interface ReportFiles {
  readonly json?: string | undefined;
  readonly csv?: string | undefined;
  readonly html?: string | undefined;
}

/** What `--compare` names. @throws FileError if it is no result of `mdt bench` */
export async function readBaseline(wanted: string | undefined): Promise<Baseline> {
  if (wanted === undefined || wanted === 'reference') return { kind: 'reference' };
  const { parseReport } = await import('../bench/report.js');
  try {
    const report = parseReport(JSON.parse(await readFile(wanted, 'utf8')));
    return { kind: 'report', name: safeText(wanted), report };
  } catch (error) {
    throw new FileError(`${safeText(wanted)} is no result of mdt bench that can be compared with.`, {
      cause: error,
      hint: 'Give a file that "mdt bench --json FILE" wrote, or "reference".',
    });
  }
}

/** Writes what was asked for; `-` is the standard output. @throws FileError */
export async function writeReports(cli: Cli, report: BenchReport, files: ReportFiles): Promise<void> {
  const write = async (file: string | undefined, render: () => Promise<string>): Promise<void> => {
    if (file === undefined) return;
    if (file === '-') cli.printer.text(await render());
    else await writeOut(file, await render());
  };
  await write(files.json, () => Promise.resolve(`${JSON.stringify(report, undefined, 2)}\n`));
  await write(files.csv, async () => (await import('../bench/csv.js')).reportCsv(report));
  await write(files.html, async () => (await import('../bench/html.js')).reportHtml(report));
}

async function writeOut(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new FileError(`${safeText(file)} cannot be written.`, {
      cause: error,
      hint: 'Check that its folder is there and may be written to.',
    });
  }
}
