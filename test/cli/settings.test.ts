import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { mdt } from '../fakes/cli-io.js';
import { tempDir } from '../fixtures/temp-dir.js';

test('a variable is set, read and cleared in the lines of Python MDT', async t => {
  const configDir = await tempDir(t);
  t.deepEqual(await mdt({ configDir }, 'set', 'preferred-device', 'swift-otter'), {
    code: 0,
    out: 'Set preferred-device to swift-otter\n',
    err: '',
  });
  t.is(await readFile(join(configDir, 'attribs', 'preferred-device'), 'utf8'), 'swift-otter\n');
  t.is((await mdt({ configDir }, 'get', 'preferred-device')).out, 'preferred-device is swift-otter\n');
  t.is((await mdt({ configDir }, 'clear', 'preferred-device')).out, 'Cleared preferred-device\n');
  t.is((await mdt({ configDir }, 'get', 'preferred-device')).out, 'preferred-device is unset\n');
});

test('get without a name lists what is set, or says that nothing is', async t => {
  const configDir = await tempDir(t);
  t.is((await mdt({ configDir }, 'get')).out, 'No variables are set.\n');
  await mdt({ configDir }, 'set', 'username', 'root');
  await mdt({ configDir }, 'set', 'env-whitelist', 'LANG');
  t.is((await mdt({ configDir }, 'get')).out, 'username is root\nenv-whitelist is LANG\n');
});

test('get --json tells every value and where it comes from', async t => {
  const configDir = await tempDir(t);
  await mdt({ configDir }, 'set', 'password', 'secret');
  const { out } = await mdt({ configDir, env: { MDT_DEVICE: 'bold-crow' } }, 'get', '--json');
  t.deepEqual(JSON.parse(out), [
    { name: 'preferred-device', value: 'bold-crow', source: 'environment' },
    { name: 'username', value: 'mendel', source: 'default' },
    { name: 'password', value: 'secret', source: 'variable' },
    { name: 'env-whitelist', value: 'TERM LANG LC_*', source: 'default' },
  ]);
});

test('on a terminal get prints a table with defaults', async t => {
  const { out } = await mdt({ configDir: await tempDir(t), terminal: true }, 'get');
  t.is(
    out,
    [
      'VARIABLE          VALUE           FROM',
      'preferred-device                  unset',
      'username          mendel          default',
      'password          mendel          default',
      'env-whitelist     TERM LANG LC_*  default',
      '',
    ].join('\n'),
  );
});

test('an unknown variable is stored with a warning and a suggestion', async t => {
  const configDir = await tempDir(t);
  const { code, out, err } = await mdt({ configDir }, 'set', 'prefered-device', 'x');
  t.is(code, 0);
  t.is(out, 'Set prefered-device to x\n');
  t.is(err, 'warning: mdt does not use a variable "prefered-device".\nhint: Did you mean preferred-device?\n');
  t.is((await mdt({ configDir }, 'get')).out, 'prefered-device is x\n');
});

test('names and values that cannot be stored are refused and nothing is written', async t => {
  const configDir = join(await tempDir(t), 'config');
  for (const words of [
    ['../evil', 'x'],
    ['username', 'two\nlines'],
    ['preferred-device', 'no board'],
    ['preferred-device', ''],
  ]) {
    const { code, out, err } = await mdt({ configDir }, 'set', ...words);
    t.is(code, 2, words.join(' '));
    t.is(out, '');
    t.regex(err, /^error: .+\nhint: .+\n$/);
  }
  await t.throwsAsync(stat(configDir), { code: 'ENOENT' });
});
