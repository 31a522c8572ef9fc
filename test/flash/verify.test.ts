import test from 'ava';
import { readEnvironment } from '../../src/config/environment.js';
import type { Device } from '../../src/device/device.js';
import { parseVersion, verifyMendel } from '../../src/flash/verify.js';
import { thisHost } from '../../src/pairing/host.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { tempDir } from '../fixtures/temp-dir.js';

test('a board whose address nobody knows is met when a search finds it', async t => {
  const { board } = await boardOnDesk(t, { paired: false });
  const configDir = await tempDir(t);
  const found: Device = {
    name: board.name,
    state: 'unpaired',
    routes: [
      {
        ...{ kind: 'ssh', medium: 'loopback', address: board.address },
        ...{ port: board.sshPort, keymasterPort: board.keymasterPort },
      },
    ],
  };
  let searches = 0;
  const host = {
    ...thisHost(readEnvironment({ HOME: configDir, MDT_CONFIG_DIR: configDir })),
    // It boots while it is looked for.
    discover: () => Promise.resolve(++searches < 3 ? [] : [found]),
  };
  const version = await verifyMendel(host, {
    mendelRoutes: [],
    target: { protocol: 'tcp', host: '127.0.0.1' },
    acceptHostKey: () => Promise.reject(new Error('There is none to accept.')),
  });
  t.is(version.name, 'swift-otter');
  t.regex(version.system, /^Mendel GNU\/Linux/);
  t.is(searches, 3);
});

test('a board that does not come up is a timeout', async t => {
  const configDir = await tempDir(t);
  const host = {
    ...thisHost(readEnvironment({ HOME: configDir, MDT_CONFIG_DIR: configDir })),
    discover: () => Promise.resolve([]),
  };
  const request = { mendelRoutes: [], target: { protocol: 'tcp', host: '127.0.0.1' } as const, bootTimeoutMs: 50 };
  const error = await t.throwsAsync(verifyMendel(host, { ...request, acceptHostKey: () => Promise.resolve(true) }), {
    code: 'TIMEOUT',
    message: /waiting for Mendel to come up/,
  });
  t.regex((error as unknown as { hint: string }).hint, /mdt wait-for-device/);
});

test('the version is that of Mendel, its system that of os-release, both safe to print', t => {
  const release = 'NAME="x"\nPRETTY_NAME="Mendel GNU/Linux 5 (Eagle)"\n';
  const eagle = { name: 'a', version: '5.3', system: 'Mendel GNU/Linux 5 (Eagle)' };
  t.deepEqual(parseVersion('a', `5.3\n\n${release}`), eagle);
  t.deepEqual(parseVersion('a', `\n${release}`), { ...eagle, version: '' });
  t.deepEqual(parseVersion('a', '5\u001b[2J.3\n'), { ...eagle, version: '5[2J.3', system: '' });
  t.is(parseVersion('a', '\n\n'), undefined);
});
