import test from 'ava';
import { mdt } from '../fakes/cli-io.js';
import { tempDir } from '../fixtures/temp-dir.js';

test('version prints one line, in any case and as an option', async t => {
  const configDir = await tempDir(t);
  for (const words of ['version', 'VERSION', '--version']) {
    t.regex((await mdt({ configDir }, words)).out, /^MDT version \d+\.\d+\.\d+\n$/);
  }
});

test('no command at all prints the help on stderr and is a usage error', async t => {
  const { code, out, err } = await mdt({ configDir: await tempDir(t) });
  t.is(code, 2);
  t.is(out, '');
  t.regex(err, /^Usage: mdt /);
});

test('help prints every visible command on stdout', async t => {
  const { code, out, err } = await mdt({ configDir: await tempDir(t) }, 'help');
  t.is(code, 0);
  t.is(err, '');
  t.regex(out, /Settings:\n {2}get /);
  t.notRegex(out, /__complete|\bman\b/);
});

test('help of a command explains it with examples', async t => {
  const { code, out } = await mdt({ configDir: await tempDir(t) }, 'help', 'SET');
  t.is(code, 0);
  t.regex(out, /^Usage: mdt set /);
  t.regex(out, /Examples:\n {2}mdt set preferred-device swift-otter\n/);
});

const mistakes: [string[], RegExp, RegExp][] = [
  [['devises'], /Unknown command 'devises'/, /hint: /],
  [['help', 'sett'], /There is no command "sett"/, /Did you mean set\?/],
  [['get', '--jsn'], /Unknown option '--jsn'/, /Did you mean --json\?/],
  [['set', 'username'], /Missing required argument 'value'/, /See `mdt help set`/],
  [['get', 'a', 'b'], /Too many arguments/, /See `mdt help get`/],
  [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/, /See `mdt help completion`/],
];
for (const [argv, message, hint] of mistakes) {
  test(`mdt ${argv.join(' ')} is a usage error that says what to do`, async t => {
    const { code, out, err } = await mdt({ configDir: await tempDir(t) }, ...argv);
    t.is(code, 2);
    t.is(out, '');
    t.regex(err, message);
    t.regex(err, hint);
  });
}
