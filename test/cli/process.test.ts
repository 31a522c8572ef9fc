import test from 'ava';
import { startMdt } from '../fixtures/mdt-process.js';
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
