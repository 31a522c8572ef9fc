import { randomBytes } from 'node:crypto';
import test from 'ava';
import { run } from '../../src/cli/main.js';
import { FakeIo, mdt } from '../fakes/cli-io.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { tempDir } from '../fixtures/temp-dir.js';

const BOARD = ['-d', 'swift-otter'];

test('the words of exec are joined with spaces, as Python MDT did', async t => {
  const { configDir } = await boardOnDesk(t);
  const { code, out, err } = await mdt({ configDir }, 'exec', ...BOARD, 'echo', 'one   two;', 'echo', '-n', 'x');
  t.is(err, '');
  t.is(out, 'one two\nx');
  t.is(code, 0);
});

test('after -- each word arrives as it is', async t => {
  const { configDir } = await boardOnDesk(t);
  const words = ['one   two;', '$HOME', `it's`, '', '--', '-d'];
  const { out } = await mdt({ configDir }, 'exec', ...BOARD, '--', 'printf', '<%s>\\n', ...words);
  t.is(out, words.map(word => `<${word}>\n`).join(''));
});

test('options behind the command belong to the command', async t => {
  const { configDir } = await boardOnDesk(t);
  const { out } = await mdt({ configDir }, ...BOARD, 'exec', 'echo', '--json', '--help', '-d', 'x', '--', '-t');
  t.is(out, '--json --help -d x -- -t\n');
});

test('stdout and stderr stay apart, and the exit code is that of the command', async t => {
  const { configDir } = await boardOnDesk(t);
  const outcome = await mdt({ configDir }, 'exec', ...BOARD, 'echo out; echo err >&2; exit 3');
  t.deepEqual(outcome, { code: 3, out: 'out\n', err: 'err\n' });
});

test('binary data passes in both directions unchanged', async t => {
  const { configDir } = await boardOnDesk(t);
  const io = new FakeIo({ configDir });
  const data = randomBytes(300_000);
  io.stdin.end(data);
  t.is(await run(['exec', ...BOARD, 'cat'], io), 0);
  t.deepEqual(io.stdout.bytes, data);
});

test('the board sees the variables that the whitelist lets through', async t => {
  const { configDir } = await boardOnDesk(t);
  const options = { configDir, env: { LC_TIME: 'de_DE', SECRET: 'x', TERM: 'vt100' } };
  t.is((await mdt(options, 'exec', ...BOARD, 'echo $LC_TIME/$SECRET')).out, 'de_DE/\n');
  await mdt(options, 'set', 'env-whitelist', 'LANG');
  t.is((await mdt(options, 'exec', ...BOARD, 'echo $LC_TIME/$SECRET')).out, '/\n');
});

test('--tty makes a terminal on the board', async t => {
  const { configDir } = await boardOnDesk(t);
  t.is((await mdt({ configDir }, 'exec', ...BOARD, 'test -t 0 || echo none')).out, 'none\n');
  t.is((await mdt({ configDir }, 'exec', ...BOARD, '--tty', 'test -t 0 && echo some')).out, 'some\r\n');
});

test('a connection that breaks off is told and gives 255', async t => {
  const { configDir, board } = await boardOnDesk(t);
  board.faults = { dropAfterBytes: 200_000 };
  const { code, err } = await mdt({ configDir }, 'exec', ...BOARD, 'cat /dev/zero');
  t.is(code, 255);
  t.is(err, 'Connection to swift-otter was lost.\n');
});

test('a board that does not answer, or is unknown, gives 255 and says so', async t => {
  const { configDir, board } = await boardOnDesk(t);
  await board.close();
  const gone = await mdt({ configDir }, 'exec', ...BOARD, 'true');
  t.is(gone.code, 255);
  t.regex(gone.err, /^error: swift-otter /);
  const unknown = await mdt({ configDir: await tempDir(t) }, 'exec', '-d', 'bold-crow', 'true');
  t.is(unknown.code, 255);
  t.regex(unknown.err, /bold-crow/);
});

test('a name that can be no board is a slip of the pen, not a failed connection', async t => {
  t.is((await mdt({ configDir: await tempDir(t) }, 'exec', '-d', 'no board', 'true')).code, 2);
});
