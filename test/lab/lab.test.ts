import test from 'ava';
import { startLab } from './lab.js';
import { labMissing } from './requirements.js';
import { mustRun } from './program.js';
import { tempDir } from '../fixtures/temp-dir.js';

const missing = labMissing();
const lab = missing === undefined ? test.serial : test.skip;
const named = (title: string): string => (missing === undefined ? title : `${title} (${missing})`);

lab(named('a key in authorized_keys opens a session with the own client of OpenSSH'), async t => {
  await using lab = await startLab();
  const folder = await tempDir(t);
  await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', `${folder}/key`]);
  await lab.board().authorize(await mustRun(['cat', `${folder}/key.pub`]));
  const ssh = [
    'ssh',
    '-i',
    `${folder}/key`,
    '-o',
    `UserKnownHostsFile=${folder}/known`,
    '-o',
    'StrictHostKeyChecking=no',
  ];
  const result = await lab.desk.run([
    ...ssh,
    `mendel@${lab.board().address}`,
    'id -un; hostname; cat /etc/mendel_version',
  ]);
  t.is(result.stdout.toString(), `mendel\n${lab.board().name}\n5.3\n`, result.stderr.toString());
});

lab(named('twenty boards start'), async t => {
  const start = performance.now();
  await using lab = await startLab({ boards: 20 });
  t.log(`${String(Math.round(performance.now() - start))} ms`);
  t.is(lab.boards.length, 20);
});
