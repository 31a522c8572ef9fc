import { randomBytes } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { pull } from '../../src/files/pull.js';
import { push } from '../../src/files/push.js';
import { surveyModels } from '../../src/models/board-models.js';
import { sshdMissing } from '../fixtures/sshd.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { boardWithShell, shellMissing } from '../remote/login-shell.js';
import { localTree, makeTree } from './trees.js';

const logins = [
  { what: 'a .bashrc that prints text', shell: '/bin/bash', loginFile: ['.bashrc', 'echo Welcome; echo oops >&2'] },
  { what: 'a .bashrc that reads a line where there is one', shell: '/bin/bash', loginFile: ['.bashrc', 'read -t 1 x'] },
  { what: 'tcsh', shell: '/usr/bin/tcsh', loginFile: ['.tcshrc', 'echo Welcome'] },
  { what: 'fish', shell: '/usr/bin/fish', loginFile: ['.config/fish/config.fish', 'echo Welcome'] },
  { what: 'one channel at a time', shell: '/bin/bash', loginFile: ['.bashrc', 'echo Hi'], config: ['MaxSessions 1'] },
] as const;

for (const { what, shell, ...board } of logins) {
  const check = sshdMissing === undefined && !shellMissing(shell) ? test.serial : test.skip;
  check(`with ${what}, files go both ways, models are listed, and nothing is left behind`, async t => {
    t.timeout(120_000);
    const here = await tempDir(t);
    const { home, open } = await boardWithShell(t, shell, board);
    const session = await open();
    const before = await readdir(home);
    await makeTree(here, { 'tree/a': 'a', "tree/it's": 'b', 'tree/sub/c': '', 'tree/large': randomBytes(9_000_000) });
    await makeTree(here, { 'tree/other': randomBytes(10_000_000) });
    await mkdir(join(home, 'there'));
    const options = { checksum: true };
    const sent = await push(session, { sources: [join(here, 'tree')], destination: join(home, 'there/'), options });
    t.is(sent.files, 5);
    const again = await push(session, { sources: [join(here, 'tree')], destination: join(home, 'there/'), options });
    t.is(again.unchanged, 5);
    await pull(session, { sources: [join(home, 'there/tree')], destination: `${here}/back/`, options });
    t.deepEqual(await localTree(join(here, 'back/tree')), await localTree(join(here, 'tree')));
    t.deepEqual((await surveyModels(session)).models, []);
    // fish makes a folder of its own.
    const after = (await readdir(home)).filter(name => name !== '.local');
    t.deepEqual(after.sort(), [...before, 'there'].sort());
    t.deepEqual(await readdir(join(home, 'there')), ['tree']);
  });
}
