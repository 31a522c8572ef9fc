import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { readAgentFile } from '../../src/agent/agent-file.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { needing, pythonTests, root } from './local-agent.js';

const run = promisify(execFile);
const withPython = needing(test, 'python3');
const source = join(root, 'src', 'agent', 'agent.py');

test('the agent is one file of less than 40 KB', async t => {
  const content = await readAgentFile();
  t.deepEqual(content, await readFile(source));
  t.true(content.length < 40_000, `${String(content.length)} bytes`);
});

withPython('the agent keeps to Python 3.5 and its standard library', async t => {
  const check = join(pythonTests, 'check_syntax.py');
  await t.notThrowsAsync(run('python3', ['-B', check, source]));
  const modern = join(await tempDir(t), 'modern.py');
  const newer = [
    ...['f"{1}"', 'x: int = 1', '(x := 1)', '1_000', 'def f(a, /): pass', 'import time; time.perf_counter_ns()'],
    ...['import numpy', 'import secrets', 'import math; math.prod([1])', 'import json; json.loads(b"1")'],
    ...['import subprocess; subprocess.run([], text=True)', '"a".removeprefix("a")', 'async def f(): pass'],
  ];
  for (const code of newer) {
    await writeFile(modern, `${code}\n`);
    await t.throwsAsync(run('python3', ['-B', check, modern]), undefined, code);
  }
});

withPython('the unit tests in Python pass', async t => {
  const env = { ...process.env, MDT_AGENT: source };
  await t.notThrowsAsync(run('python3', ['-B', join(pythonTests, 'test_agent.py')], { env }));
});
