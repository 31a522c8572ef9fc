import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { MDT_PROGRAM, startMdt, startProgram, type MdtProcess } from '../fixtures/mdt-process.js';
import { tempDir } from '../fixtures/temp-dir.js';

const POSIX_ONLY = process.platform === 'win32' ? test.skip : test;

for (const [signal, code, text] of [
  ['SIGINT', 130, 'Interrupted.'],
  ['SIGTERM', 143, 'Terminated.'],
  ['SIGHUP', 129, ''],
] as const) {
  POSIX_ONLY(`${signal} ends a command in order, with ${String(code)}`, async t => {
    const mdt = startMdt(t, await tempDir(t), 'virtual-board', '--json', '--name', 'swift-otter');
    await mdt.printed(/Press Ctrl-C/);
    mdt.child.kill(signal);
    const { code: exitCode, err } = await mdt.ended();
    t.is(exitCode, code);
    t.true(err.includes(text), err);
    t.notRegex(err, /bug/);
  });
}

test('output whose reader has gone ends the command quietly', async t => {
  const mdt = startMdt(t, await tempDir(t), 'help');
  mdt.child.stdout.destroy();
  const { code, err } = await mdt.ended();
  t.true(code === 0 || code === 141, String(code));
  t.is(err, '');
});

test('version needs no configuration and leaves none behind', async t => {
  const mdt = startMdt(t, await tempDir(t), 'version');
  t.like(await mdt.ended(), { code: 0, err: '' });
});

POSIX_ONLY('a wait that is interrupted says so, and nothing else', async t => {
  const mdt = startMdt(t, await tempDir(t), 'wait-for-device', 'no-such-board');
  await mdt.printed(/Waiting/);
  mdt.child.kill('SIGINT');
  t.deepEqual(await mdt.ended(), { code: 130, signal: null, out: '', err: 'Waiting for a board…\nInterrupted.\n' });
});

async function misbehave(t: ExecutionContext, how: string): Promise<MdtProcess> {
  const program = join(MDT_PROGRAM, '..', 'own-process.js');
  return startProgram(t, program, { configDir: await tempDir(t), argv: [how] });
}

for (const how of ['throw', 'reject']) {
  test(`what nobody catches (${how}) is a bug that tells how to report it`, async t => {
    const { code, err } = await (await misbehave(t, how)).ended();
    t.is(code, 1);
    t.regex(err, /^error: mdt has run into a bug of its own\.\nError: something nobody .*\n +at /);
    t.regex(err, /\nmdt \d+\.\d+\.\d+, Node v.*\nhint: Please report it/);
  });
}

POSIX_ONLY('a second Ctrl-C ends at once what does not end by itself', async t => {
  const stubborn = await misbehave(t, 'stay');
  await stubborn.printed(/ready/);
  stubborn.child.kill('SIGINT');
  await stubborn.printed(/not yet/);
  stubborn.child.kill('SIGINT');
  t.is((await stubborn.ended()).code, 130);
});

POSIX_ONLY('a command that goes on writing when its reader has gone ends with 141', async t => {
  const writer = await misbehave(t, 'write');
  await once(writer.child.stdout, 'data');
  writer.child.stdout.destroy();
  t.like(await writer.ended(), { code: 141, err: '' });
});

const hasFullDevice = existsSync('/dev/full');
for (const command of ['version', 'help']) {
  (hasFullDevice ? test : test.skip)(
    `${command} with nowhere to put its output is an error of the file${hasFullDevice ? '' : ' (no /dev/full here)'}`,
    async t => {
      const configDir = await tempDir(t);
      const full = await open('/dev/full', 'w');
      const { status, stderr } = spawnSync(process.execPath, [MDT_PROGRAM, command], {
        stdio: ['ignore', full.fd, 'pipe'],
        env: { ...process.env, HOME: configDir },
        encoding: 'utf8',
      });
      await full.close();
      t.is(status, 5);
      t.regex(stderr, /^error: The output cannot be written\.\nhint: The system says: no space left on device\.$/m);
    },
  );
}
