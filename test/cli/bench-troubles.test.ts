import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { run } from '../../src/cli/main.js';
import { pause } from '../../src/time/deadline.js';
import { tfliteLibrary } from '../agent/local-agent.js';
import { FakeIo, mdt } from '../fakes/cli-io.js';
import { boardOnDesk, type BoardOnDesk } from '../fixtures/board-on-desk.js';
import { checkedReport } from '../fixtures/schemas.js';
import { makeRunnableModel } from '../fixtures/runnable-model.js';
import { tempDir } from '../fixtures/temp-dir.js';

const BOARD = ['-d', 'swift-otter'];
const GOVERNOR = 'sys/devices/system/cpu/cpu0/cpufreq/scaling_governor';
const real: typeof test.serial =
  tfliteLibrary === undefined
    ? (((title: string, ...rest: unknown[]): void => {
        Reflect.apply(test.serial.skip, test.serial, [`${title} (needs TensorFlow Lite)`, ...rest]);
      }) as typeof test.serial)
    : test.serial;

async function modelFile(t: ExecutionContext, size = 64): Promise<string> {
  const file = join(await tempDir(t), 'turns.tflite');
  await writeFile(file, makeRunnableModel(size));
  return file;
}

async function withGovernor({ board }: BoardOnDesk): Promise<string> {
  const file = join(board.rootDir, GOVERNOR);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, 'ondemand\n');
  return file;
}

/** A bench of an hour on a terminal, and what is called once it measures. */
async function benchUntilItRuns(
  t: ExecutionContext,
  desk: BoardOnDesk,
  whenItRuns: (abort: AbortController) => void,
): Promise<{ code: number; io: FakeIo }> {
  const abort = new AbortController();
  const io = new FakeIo({ configDir: desk.configDir, terminal: true, signal: abort.signal });
  let isRunning = false;
  io.stderr.on('written', () => {
    if (isRunning || !io.err.includes('running')) return;
    isRunning = true;
    whenItRuns(abort);
  });
  const words = ['bench', ...BOARD, '--cpu', '--duration', '3600', '--governor', 'performance', await modelFile(t)];
  const code = await run(words, io);
  t.true(isRunning, io.err);
  return { code, io };
}

/** Agents of this test that still run; nothing tells when the last is gone. */
async function untilNoAgentRuns({ board }: BoardOnDesk): Promise<void> {
  const isOne = async (pid: string): Promise<boolean> => {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return words.includes('agent.py') && words.includes(board.rootDir);
  };
  for (;;) {
    const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
    const running = await Promise.all(pids.map(isOne));
    if (!running.includes(true)) return;
    await pause(20);
  }
}

async function untilRestored(governor: string): Promise<void> {
  while ((await readFile(governor, 'utf8')).trim() !== 'ondemand') await pause(20);
}

real('Ctrl-C in the middle tells what was measured, ends the agent and sets the governor back', async t => {
  const desk = await boardOnDesk(t);
  const governor = await withGovernor(desk);
  const { code, io } = await benchUntilItRuns(t, desk, abort => {
    abort.abort();
  });
  t.is(code, 130, io.err);
  t.regex(io.out, /turns\.tflite/);
  await untilNoAgentRuns(desk);
  t.is((await readFile(governor, 'utf8')).trim(), 'ondemand');
});

real('a connection that is killed in the middle is told as one, and nothing is left on the board', async t => {
  const desk = await boardOnDesk(t);
  const governor = await withGovernor(desk);
  let rebooted: Promise<void> | undefined;
  const { code, io } = await benchUntilItRuns(t, desk, () => {
    rebooted = desk.board.reboot();
  });
  t.is(code, 5, io.err);
  t.regex(io.err, /connection|ended early/);
  t.regex(io.err, /hint: /);
  await rebooted;
  await untilNoAgentRuns(desk);
  await untilRestored(governor);
});

real('the second run of an unchanged model sends nothing but what to run', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const file = await modelFile(t, 1024);
  const words = ['bench', ...BOARD, '--cpu', '--runs', '5', file];
  t.is((await mdt({ configDir }, ...words)).code, 0);
  // A connection that breaks off after less than the agent or the model is enough.
  board.faults = { dropAfterBytes: 36_000 };
  const again = await mdt({ configDir }, ...words);
  t.is(again.code, 0, again.err);
});

real('a board whose clock is in the past is measured all the same, and told of its clock', async t => {
  const folder = await tempDir(t);
  // The virtual board's python3 inherits the environment of this test, and runs this when it starts.
  await writeFile(join(folder, 'sitecustomize.py'), 'import time\ntime.time = lambda: 86400.0\n');
  process.env['PYTHONPATH'] = folder;
  t.teardown(() => Reflect.deleteProperty(process.env, 'PYTHONPATH'));
  const { configDir } = await boardOnDesk(t);
  const words = ['bench', ...BOARD, '--cpu', '--runs', '5', await modelFile(t)];
  const { code, out, err } = await mdt({ configDir }, ...words);
  t.is(code, 0, err);
  t.regex(out, /the clock of the board is \d{5} days behind; "mdt exec timedatectl"/);
  const { board, models } = checkedReport(t, (await mdt({ configDir }, ...words, '--json', '-')).out);
  t.true(Math.abs(board.clockOffByS * 1000 - (86_400_000 - Date.now())) < 600_000);
  t.is(models[0]?.inferences, 5);
});

real('a file that cannot be written does not lose what was measured', async t => {
  const { configDir } = await boardOnDesk(t);
  const words = [
    'bench',
    ...BOARD,
    '--cpu',
    '--runs',
    '5',
    await modelFile(t),
    '--json',
    join(await tempDir(t), 'no/such'),
  ];
  const { code, out, err } = await mdt({ configDir }, ...words);
  t.is(code, 5, err);
  t.regex(err, /cannot be written\.\nhint: /);
  t.regex(out, /turns\.tflite/);
});

test('a disk that is full is told with a hint, and leaves nothing behind', async t => {
  const { configDir, board } = await boardOnDesk(t, { faults: { diskSizeBytes: 600_000 } });
  const { code, err } = await mdt({ configDir }, 'bench', ...BOARD, '--cpu', await modelFile(t, 1024));
  t.is(code, 5, err);
  t.regex(err, /no space on the board[\s\S]*hint: /i);
  const left = await readdir(join(board.rootDir, 'home/mendel/.mdt/models')).catch(() => []);
  t.deepEqual(
    left.filter(name => name !== 'names'),
    [],
  );
});

test('a board whose python3 does not start is told as one without it', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const python = join(board.rootDir, 'usr/local/bin/python3');
  await mkdir(join(python, '..'), { recursive: true });
  await writeFile(python, '#!/bin/sh\nexit 127\n', { mode: 0o755 });
  const { code, err } = await mdt({ configDir }, 'bench', ...BOARD, '--cpu', await modelFile(t));
  t.is(code, 7, err);
  t.regex(err, /no python3 on the board[\s\S]*hint: .*apt-get install python3/);
  const left = await readdir(join(board.rootDir, 'home/mendel/.mdt'));
  t.deepEqual(left, ['agent']);
});
