import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { knownHostsText, sshConfigText } from '../../../src/cli/output/ssh-config.js';
import { parseHostKey } from '../../../src/keys/host-key.js';
import { newEd25519 } from '../../fakes/ssh-server.js';
import { identityOf } from '../../../src/keys/public-line.js';
import { sshdMissing, startSshd } from '../../fixtures/sshd.js';
import { tempDir } from '../../fixtures/temp-dir.js';
import { connect } from '../../../src/ssh/connect.js';

const missing = sshdMissing ?? (existsSync('/usr/bin/ssh') ? undefined : '/usr/bin/ssh is not installed');
const withSsh = missing === undefined ? test : test.skip;
const title = 'ssh logs in with what ssh-config prints, whatever is in the paths';

withSsh(missing === undefined ? title : `${title} (skipped: ${missing})`, async t => {
  const privateKey = newEd25519();
  const { port, username } = await startSshd(t, identityOf(privateKey).publicLine);
  const folder = join(await tempDir(t), 'a folder of 100%h #1');
  await mkdir(folder);
  const files = { keyFile: join(folder, 'mdt.key'), knownHostsFile: join(folder, 'known_hosts') };
  await writeFile(files.keyFile, privateKey, { mode: 0o600 });
  const session = await connect(
    { host: '127.0.0.1', port },
    { username, credentials: [{ kind: 'key', privateKey }], verifyHostKey: () => undefined },
  );
  const { hostKey } = session;
  await session.close();
  const board = {
    name: 'swift-otter',
    hostKey,
    routes: [{ kind: 'ssh', medium: 'loopback', address: '127.0.0.1', port }],
    lastSeen: '2024-05-01T12:00:00.000Z',
  } as const;
  await writeFile(files.knownHostsFile, knownHostsText([board]));
  await writeFile(join(folder, 'config'), sshConfigText([board], { username, ...files }));
  const { stdout } = await promisify(execFile)('ssh', ['-F', join(folder, 'config'), 'swift-otter', 'echo in']);
  t.is(stdout, 'in\n');
  const [, algorithm, blob = ''] = (await readFile(files.knownHostsFile, 'utf8')).trim().split(' ');
  t.is(algorithm, 'ssh-ed25519');
  t.deepEqual(parseHostKey(Buffer.from(blob, 'base64')), hostKey);
});
