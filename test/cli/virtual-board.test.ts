import { stat } from 'node:fs/promises';
import test from 'ava';
import { startMdt } from '../fixtures/mdt-process.js';
import { mdt } from '../fakes/cli-io.js';
import { tempDir } from '../fixtures/temp-dir.js';

test('virtual boards tell where they are, a JSON line each, and clean up at the end', async t => {
  const boards = startMdt(t, await tempDir(t), 'virtual-board', '--json', '--count', '2', '--name', 'cli-otter');
  await boards.printed(/Press Ctrl-C/);
  // Standard output may be read a moment later than that.
  await boards.printed(/"cli-otter-2".*\n/);
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

test('a board with a bootloader tells its ports, and the other commands reach it', async t => {
  const dir = await tempDir(t);
  const words = ['--kind', 'dev-board-mini', '--system', 'none', '--emmc-size', '64M'];
  const boards = startMdt(t, dir, 'virtual-board', '--json', ...words);
  await boards.printed(/Press Ctrl-C/);
  await boards.printed(/"emmc".*\n/);
  const board = JSON.parse(boards.output.out) as { fastbootPort: number; fastbootUdpPort: number; emmc: string };
  const { out } = await mdt(
    { configDir: dir },
    'fastboot',
    '-s',
    `tcp:127.0.0.1:${String(board.fastbootPort)}`,
    ...['getvar', 'serialno'],
  );
  t.is(out, '0123456789ABCDEF\n');
  t.is((await stat(board.emmc)).size, 64 * 1024 * 1024);
  boards.child.kill('SIGTERM');
  await boards.ended();
  await t.throwsAsync(stat(board.emmc), { code: 'ENOENT' });
});

test('without --json the ports of the bootloader are a note', async t => {
  const boards = startMdt(
    t,
    await tempDir(t),
    'virtual-board',
    '--bootloader',
    '--emmc-size',
    '16M',
    '--name',
    'loader-otter',
  );
  await boards.printed(/Press Ctrl-C/);
  t.regex(
    boards.output.err,
    /^loader-otter: console at tcp:127\.0\.0\.1:\d+; in its bootloader fastboot at tcp:\S+ and udp:\S+$/m,
  );
});

for (const words of [
  ['--count', '0'],
  ['--count', '1000'],
  ['--release', 'frogger'],
  ['--fault', 'fire'],
  ['--address', 'everywhere'],
  ['--name', 'no board'],
  ['--system', 'some'],
  ['--kind', 'brick'],
  ['--emmc-size', '8'],
  ['--emmc-size', '0M'],
]) {
  test(`virtual-board ${words.join(' ')} is refused`, async t => {
    const { code, out, err } = await mdt({ configDir: await tempDir(t) }, 'virtual-board', ...words);
    t.is(code, 2);
    t.is(out, '');
    t.regex(err, /^error: .+\nhint: .+\n$/);
  });
}
