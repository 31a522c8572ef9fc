import { join } from 'node:path';
import test from 'ava';
import { readEnvironment, whitelistedVariables } from '../../src/config/environment.js';

test('settings and keys are where Python MDT had them, unless MDT_CONFIG_DIR says otherwise', t => {
  t.is(readEnvironment({ HOME: '/home/me' }).configDir, join('/home/me', '.config', 'mdt'));
  t.is(readEnvironment({ HOME: '/home/me', MDT_CONFIG_DIR: '/x' }).configDir, '/x');
});

test('compiled code is kept with the settings if these have a folder of their own, else where caches are', t => {
  t.is(readEnvironment({ HOME: '/home/me', MDT_CONFIG_DIR: '/x' }).codeCacheDir, join('/x', 'code-cache'));
  t.is(readEnvironment({ HOME: '/home/me', XDG_CACHE_HOME: '/c' }).codeCacheDir, join('/c', 'mdt', 'code-cache'));
  t.is(readEnvironment({ HOME: '/home/me', NODE_DISABLE_COMPILE_CACHE: '1' }).codeCacheDir, undefined);
});

test('compiled code is never kept in whatever folder the command is started in', t => {
  const { codeCacheDir } = readEnvironment({ HOME: '/home/me' });
  for (const XDG_CACHE_HOME of ['', 'cache']) {
    t.is(readEnvironment({ HOME: '/home/me', XDG_CACHE_HOME }).codeCacheDir, codeCacheDir);
  }
  for (const MDT_CONFIG_DIR of ['', 'config']) {
    t.is(readEnvironment({ HOME: '/home/me', MDT_CONFIG_DIR }).codeCacheDir, undefined);
  }
});

test('variables of the environment override settings, empty ones do not', t => {
  const { overrides } = readEnvironment({ MDT_DEVICE: 'swift-otter', MDT_USERNAME: '' });
  t.deepEqual(overrides, { 'preferred-device': 'swift-otter' });
});

test('NO_COLOR, CI and MDT_DEBUG count when they are not empty', t => {
  t.like(readEnvironment({ NO_COLOR: '1', CI: 'true', MDT_DEBUG: '1' }), { noColor: true, ci: true, debug: true });
  t.like(readEnvironment({ NO_COLOR: '', CI: 'false' }), { noColor: false, ci: false, debug: false });
});

test('the whitelist lets names and patterns through, and nothing else', t => {
  const environment = readEnvironment({
    TERM: 'xterm',
    LANG: 'C',
    LC_ALL: 'C',
    LC_TIME: 'de',
    LCX: 'no',
    SECRET: 'no',
  });
  t.deepEqual(whitelistedVariables(environment, 'TERM  LC_* MISSING'), { TERM: 'xterm', LC_ALL: 'C', LC_TIME: 'de' });
  t.deepEqual(whitelistedVariables(environment, ''), {});
});
