import { spawnSync } from 'node:child_process';
import test from 'ava';
import { mdt } from '../fakes/cli-io.js';
import { tempDir } from '../fixtures/temp-dir.js';

test('the manual page has every visible command, its options and the exit codes', async t => {
  const { out } = await mdt({ configDir: await tempDir(t) }, 'man');
  t.regex(out, /^\.TH MDT 1 /);
  t.regex(out, /^\.B mdt set <variable> <value>$/m);
  t.regex(out, /^\.B \\-\\-force$/m);
  t.regex(out, /^\.SH EXIT STATUS$/m);
  t.notRegex(out, /__complete/);
});

test('what a command says of itself flows with the width of the terminal: no text breaks its own lines', async t => {
  const { out } = await mdt({ configDir: await tempDir(t) }, 'man');
  // Behind the command line of an example it is meant.
  t.notRegex(out, /^(?!\.B ).+\n\.br$/m);
});

test('no line starts a macro by accident', async t => {
  const { out } = await mdt({ configDir: await tempDir(t) }, 'man');
  for (const line of out.split('\n').filter(text => /^[.']/.test(text))) {
    t.regex(line, /^\.(TH|SH|SS|TP|B|IP|RS|RE|br)\b/);
  }
});

const groff = spawnSync('groff', ['--version']).status === 0;
(groff ? test : test.skip)(`groff finds nothing to warn of${groff ? '' : ' (no groff here)'}`, async t => {
  const { out } = await mdt({ configDir: await tempDir(t) }, 'man');
  const { stderr, status } = spawnSync('groff', ['-man', '-ww', '-Tutf8'], { input: out, encoding: 'utf8' });
  t.is(stderr, '');
  t.is(status, 0);
});
