import test from 'ava';
import { readEnvironment } from '../../src/config/environment.js';
import { configPaths } from '../../src/config/paths.js';
import { resolveSetting } from '../../src/config/settings.js';
import { writeVariable } from '../../src/config/variables.js';
import { tempDir } from '../fixtures/temp-dir.js';

test('flag, environment, variable, default: the first that is there counts', async t => {
  const paths = configPaths(await tempDir(t));
  const bare = readEnvironment({});
  const set = readEnvironment({ MDT_USERNAME: 'from-environment' });
  t.deepEqual(await resolveSetting('username', paths, bare), { value: 'mendel', source: 'default' });
  await writeVariable(paths.attribsDir, 'username', 'from-variable');
  t.deepEqual(await resolveSetting('username', paths, bare), { value: 'from-variable', source: 'variable' });
  t.deepEqual(await resolveSetting('username', paths, set), { value: 'from-environment', source: 'environment' });
  t.deepEqual(await resolveSetting('username', paths, set, 'from-flag'), { value: 'from-flag', source: 'flag' });
});

test('a setting without default has no value', async t => {
  const paths = configPaths(await tempDir(t));
  t.deepEqual(await resolveSetting('preferred-device', paths, readEnvironment({})), {
    value: undefined,
    source: 'default',
  });
});
