import test from 'ava';
import { mdt, type Outcome } from '../fakes/cli-io.js';
import { tempDir } from '../fixtures/temp-dir.js';

test('a topic without a verb behind it shows its verbs and is a usage error', async t => {
  const { code, out, err } = await mdt({ configDir: await tempDir(t) }, 'model');
  t.is(code, 2);
  t.is(out, '');
  t.regex(err, /^Usage: mdt model <command>\n[^]*\n {2}info <file\.\.\.>/);
});

test('a verb behind a topic is helped, completed, mistyped and in the manual as any other', async t => {
  const configDir = await tempDir(t);
  const run = async (...words: string[]): Promise<Outcome> => await mdt({ configDir }, ...words);
  t.regex((await run('help', 'model', 'info')).out, /^Usage: mdt model info \[options\] <file\.\.\.>\n/);
  t.regex((await run('model', 'info', '--help')).out, /^Usage: mdt model info /);
  t.regex((await run('__complete', '--', 'model', 'in')).out, /^info\t/);
  t.is((await run('__complete', '--', 'model', 'info', '')).out, ':files\n');
  t.regex((await run('man')).out, /^\.B mdt model info \[options\] <file\.\.\.>$/m);
  const missing = await run('model', 'info');
  t.is(missing.code, 2);
  t.regex(missing.err, /hint: See `mdt help model info`\./);
  const unknown = await run('help', 'model', 'informations');
  t.is(unknown.code, 2);
  t.regex(unknown.err, /There is no command "model informations"\.\nhint: See `mdt help model`\./);
});
