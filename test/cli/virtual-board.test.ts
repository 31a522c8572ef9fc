import { stat } from 'node:fs/promises';
import test from 'ava';
import { startMdt } from '../fixtures/mdt-process.js';
import { mdt } from '../fakes/cli-io.js';
import { tempDir } from '../fixtures/temp-dir.js';

test('virtual boards tell where they are, a JSON line each, and clean up at the end', async t => {
  const boards = startMdt(t, await tempDir(t), 'virtual-board', '--json', '--count', '2', '--name', 'cli-otter');
  await boards.printed(/Press Ctrl-C/);
  const lines = boards.output.out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { name: string; root: string });
  t.deepEqual(
    lines.map(({ name }) => name),
    ['cli-otter-1', 'cli-otter-2'],
  );
  boards.child.kill('SIGTERM');
  t.is((await boards.ended()).code, 143);
  for (const { root } of lines) await t.throwsAsync(stat(root), { code: 'ENOENT' });
});

for (const words of [
  ['--count', '0'],
  ['--count', '1000'],
  ['--release', 'frogger'],
  ['--fault', 'fire'],
  ['--address', 'everywhere'],
  ['--name', 'no board'],
]) {
  test(`virtual-board ${words.join(' ')} is refused`, async t => {
    const { code, out, err } = await mdt({ configDir: await tempDir(t) }, 'virtual-board', ...words);
    t.is(code, 2);
    t.is(out, '');
    t.regex(err, /^error: .+\nhint: .+\n$/);
  });
}
