import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRun, runProgram, spawnProgram, waitForLine } from '../lab/program.js';
import { hasProgram } from '../lab/requirements.js';
import { MDT } from './bench-desk.js';
import { alternate, timed } from './measure.js';
import { comparison, limit, type Row } from './row.js';
import { writeRandomFile } from './test-data.js';

const MIB = 1024 * 1024;
const TARGET = join(import.meta.dirname, '..', 'fakes', 'fastboot', 'target-process.js');
const FLASH = join(import.meta.dirname, 'flash-process.js');
const CONVERT = join(import.meta.dirname, 'convert-process.js');
const RECORD_PEAK = `
process.on('exit', () => require('node:fs').writeFileSync(process.env.BENCH_PEAK, String(process.resourceUsage().maxRSS)));
`;

/** Debian's fastboot and ours on the same board in software, over TCP and UDP; our sparse conversion beside img2simg. */
export async function flashing(): Promise<Row[]> {
  const absent = ['fastboot', 'img2simg'].filter(program => !hasProgram(program));
  if (absent.length > 0) return [{ kind: 'skipped', name: 'flashing', reason: `needs ${absent.join(', ')}` }];
  const folder = await mkdtemp(join(tmpdir(), 'mdt-bench-'));
  const target = spawnProgram([process.execPath, TARGET, folder]);
  try {
    const ports = JSON.parse(await waitForLine(target.stdout, /^\{/)) as Ports;
    return await measureAll({ folder, ports });
  } finally {
    const ended = new Promise(resolve => target.once('close', resolve));
    target.stdin.end();
    await ended;
    await rm(folder, { recursive: true, force: true });
  }
}

interface Ports {
  readonly tcp: number;
  readonly udp: number;
}

interface Bench {
  readonly folder: string;
  readonly ports: Ports;
}

async function measureAll({ folder, ports }: Bench): Promise<Row[]> {
  const small = await writeRandomFile(join(folder, 'small.img'), 16 * MIB);
  const raw = await writeRandomFile(join(folder, 'raw.img'), 256 * MIB);
  const full = await writeMixedFile(join(folder, 'full.img'), 1024 * MIB);
  const sparse = join(folder, 'full.simg');
  await mustRun(['img2simg', full, sparse]);
  const tcp = `tcp:127.0.0.1:${String(ports.tcp)}`;
  const udp = `udp:127.0.0.1:${String(ports.udp)}`;
  return [
    await flashingOf('flash 256 MiB raw over TCP', { board: tcp, image: raw, target: 1 }),
    await flashingOf('flash 1 GiB sparse over TCP', { board: tcp, image: sparse, target: 1 }),
    // One small packet at a time: what counts is how soon a process is awake again.
    await flashingOf('flash 16 MiB raw over UDP', { board: udp, image: small, target: 1.5 }),
    await peakOf(
      'peak memory while flashing 1 GiB',
      [...MDT, 'fastboot', '-s', tcp, 'flash', 'rootfs', sparse],
      folder,
    ),
    await conversion(full, folder),
    await peakOf('peak memory while making 1 GiB sparse', [process.execPath, CONVERT, full, sparse], folder),
  ];
}

/** What each says its own work took, without the start of the process. */
async function flashingOf(
  name: string,
  what: { readonly board: string; readonly image: string; readonly target: number },
): Promise<Row> {
  const { board, image, target } = what;
  const ours = async (): Promise<number> => Number(await mustRun([process.execPath, FLASH, board, image]));
  const peer = async (): Promise<number> => {
    const { stderr } = await runProgram(['fastboot', '-s', board, 'flash', 'rootfs', image]);
    return 1000 * Number(/Total time: ([\d.]+)s/.exec(stderr.toString())?.[1]);
  };
  await ours();
  await peer();
  return comparison(name, { peerName: 'fastboot', target }, await alternate(5, ours, peer));
}

async function conversion(image: string, folder: string): Promise<Row> {
  const output = join(folder, 'out.simg');
  const measure = async (program: readonly string[]): Promise<number> => {
    await rm(output, { force: true });
    return await timed(() => mustRun([...program, image, output]));
  };
  const ours = (): Promise<number> => measure([process.execPath, CONVERT]);
  const peer = (): Promise<number> => measure(['img2simg']);
  await ours();
  await peer();
  return comparison('make 1 GiB sparse', { peerName: 'img2simg', target: 1 }, await alternate(5, ours, peer));
}

async function peakOf(name: string, program: readonly string[], folder: string): Promise<Row> {
  const recorder = join(folder, 'record-peak.cjs');
  const peak = join(folder, 'peak');
  await writeFile(recorder, RECORD_PEAK);
  await mustRun(program, { env: { NODE_OPTIONS: `--require ${recorder}`, BENCH_PEAK: peak } });
  const megabytes = (Number(await readFile(peak, 'utf8')) * 1024) / 1e6;
  return limit(name, { unit: 'MB', limit: 150 }, [megabytes]);
}

/** As a root file system is: stretches of data, of zeros, and single blocks of zeros among data. */
async function writeMixedFile(path: string, sizeBytes: number): Promise<string> {
  await writeRandomFile(path, sizeBytes);
  const file = await open(path, 'r+');
  try {
    const zeros = Buffer.alloc(4 * MIB);
    for (let at = 0; at < sizeBytes; at += 32 * MIB) await file.write(zeros, 0, zeros.length, at);
    for (let at = 20 * MIB; at < sizeBytes; at += MIB) await file.write(zeros, 0, 4096, at);
  } finally {
    await file.close();
  }
  return path;
}
