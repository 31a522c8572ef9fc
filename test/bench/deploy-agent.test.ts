import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readAgentFile } from '../../src/agent/agent-file.js';
import { deployAgent } from '../../src/bench/deploy-agent.js';
import { MdtError } from '../../src/errors.js';
import { fakeSession } from '../files/fake-session.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { hasProgram } from '../lab/requirements.js';

/*
 * The shell of this host as that of a board, with a home and a PATH of its own: whether python3 is there.
 */
const withShell = hasProgram('sh') ? test : test.skip;

withShell('a board without python3 is told before anything is made there, one with it is asked on', async t => {
  const [home, programs] = [await tempDir(t), await tempDir(t)];
  const sessionOf = (commands: string[]): ReturnType<typeof fakeSession> =>
    fakeSession(command => {
      commands.push(command);
      const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command], { env: { HOME: home, PATH: programs } });
      return { stdout, stderr: stderr.toString(), hasMarker: true, exit: { kind: 'exit', code: status ?? 1 } };
    });
  for (const program of ['mkdir', 'sh']) await symlink(`/bin/${program}`, join(programs, program));
  const error = await t.throwsAsync(deployAgent(sessionOf([])), { instanceOf: MdtError });
  t.like(error, { code: 'NO_PYTHON', family: 'refused' });
  t.regex(error.hint ?? '', /apt-get install python3/);
  t.deepEqual(await readdir(home), []);

  await writeFile(join(programs, 'python3'), '', { mode: 0o755 });
  // Its file is there, too: one question is all that is asked.
  const asked: string[] = [];
  const folder = join(home, '.mdt/agent');
  const name = `${createHash('sha256')
    .update(await readAgentFile())
    .digest('hex')}.py`;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), '');
  t.deepEqual(await deployAgent(sessionOf(asked)), { path: join(folder, name), sent: false });
  t.is(asked.length, 1);
});
