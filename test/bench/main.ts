/** npm run bench [-- NAME…]: measures mdt beside its peers, prints a table and keeps the numbers as JSON. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../lab/namespace.js';
import { labMissing } from '../lab/requirements.js';
import { compressing } from './compressing.js';
import { finding } from './finding.js';
import { flashing } from './flashing.js';
import { flashSequence } from './flash-sequence.js';
import { inspecting } from './inspecting.js';
import { largeFiles } from './large-files.js';
import { measuringModels } from './measuring-models.js';
import { memory } from './memory.js';
import { formatRow, formatTable, type Row } from './row.js';
import { running } from './running.js';
import { scaling } from './scaling.js';
import { smallFiles } from './small-files.js';
import { startUp } from './start-up.js';

interface Benchmark {
  readonly needsLab: boolean;
  readonly run: () => Promise<Row[]>;
}

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  'start-up': { needsLab: false, run: startUp },
  inspecting: { needsLab: false, run: inspecting },
  'measuring-models': { needsLab: false, run: measuringModels },
  flashing: { needsLab: false, run: flashing },
  'flash-sequence': { needsLab: false, run: flashSequence },
  finding: { needsLab: true, run: finding },
  running: { needsLab: true, run: running },
  'small-files': { needsLab: true, run: smallFiles },
  compressing: { needsLab: true, run: compressing },
  memory: { needsLab: true, run: memory },
  scaling: { needsLab: true, run: scaling },
  'large-files': { needsLab: true, run: largeFiles },
};

interface Results {
  readonly machine: Readonly<Record<string, string>>;
  readonly rows: Readonly<Record<string, readonly Row[]>>;
}

const resultsFile = join(repositoryRoot, 'test', 'bench', 'results', 'latest.json');

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter(name => BENCHMARKS[name] === undefined);
  if (unknown.length > 0) {
    process.stderr.write(
      `There is no benchmark ${unknown.join(', ')}; there are: ${Object.keys(BENCHMARKS).join(', ')}.\n`,
    );
    return 2;
  }
  const [busy = 0] = loadavg();
  if (busy > cpus().length) {
    process.stderr.write(`Load average ${busy.toFixed(1)}: this machine does other things; do not trust the ratios.\n`);
  }
  const measured: Record<string, readonly Row[]> = {};
  for (const name of names.length > 0 ? names : Object.keys(BENCHMARKS)) {
    measured[name] = await measure(name);
    for (const row of measured[name]) process.stderr.write(`${formatRow(row).filter(Boolean).join('  ')}\n`);
  }
  await keep(measured, busy);
  process.stdout.write(`\n${formatTable(Object.values(measured).flat())}\n`);
  return 0;
}

async function measure(name: string): Promise<readonly Row[]> {
  const benchmark = BENCHMARKS[name];
  if (benchmark === undefined) return [];
  process.stderr.write(`${name} …\n`);
  const missing = benchmark.needsLab ? labMissing() : undefined;
  if (missing !== undefined) return [{ kind: 'skipped', name, reason: missing }];
  try {
    return await benchmark.run();
  } catch (error) {
    process.stderr.write(`${name}: ${String(error)}\n`);
    return [{ kind: 'skipped', name, reason: 'it failed, see above' }];
  }
}

/** A subset replaces its own rows in the file and leaves the others. */
async function keep(measured: Results['rows'], busy: number): Promise<void> {
  const before = await readFile(resultsFile, 'utf8').then(
    text => (JSON.parse(text) as Results).rows,
    () => ({}),
  );
  const [cpu] = cpus();
  const results: Results = {
    machine: {
      node: process.version,
      cpu: `${String(cpus().length)} x ${cpu?.model.trim() ?? 'unknown'}`,
      memory: `${String(Math.round(totalmem() / 2 ** 30))} GiB`,
      system: `${process.platform} ${release()}`,
      loadAverage: busy.toFixed(1),
      when: new Date().toISOString().slice(0, 10),
    },
    rows: { ...before, ...measured },
  };
  await mkdir(join(resultsFile, '..'), { recursive: true });
  await writeFile(resultsFile, `${JSON.stringify(results, null, 2)}\n`);
}

process.exitCode = await main(process.argv.slice(2));
