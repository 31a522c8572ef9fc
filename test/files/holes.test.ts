import { createHash } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { BoardReader } from '../../src/files/board-reader.js';
import { stretchesOf } from '../../src/files/holes.js';
import { readLocalSource } from '../../src/files/local-tree.js';
import { pull } from '../../src/files/pull.js';
import { push } from '../../src/files/push.js';
import type { SshSession } from '../../src/ssh/session.js';
import type { TransferOptions } from '../../src/files/transfer.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { onEveryBoard } from './suite.js';

const MIB = 1024 * 1024;

/** A file of 64 MiB with 4 MiB of content in three places, if it does not end with a hole. */
async function writeSparse(path: string, sizeBytes = 64 * MIB): Promise<void> {
  const file = await open(path, 'w');
  await file.write(Buffer.alloc(MIB, 'a'), 0, MIB, 0);
  await file.write(Buffer.alloc(2 * MIB, 'b'), 0, 2 * MIB, 20 * MIB + 1000);
  await file.write(Buffer.alloc(1000, 'c'), 0, 1000, 40 * MIB);
  await file.truncate(sizeBytes);
  await file.close();
}

async function boardHash(session: SshSession, path: string): Promise<string> {
  return (await new BoardReader(session, 'preserve', undefined).hash(path, 64 * MIB)).trim();
}

async function localHash(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('runs of zeros are holes only in a file that has holes', async t => {
  const path = join(await tempDir(t), 'x');
  await writeSparse(path);
  const [entry] = (await readLocalSource(path, { symlinks: 'preserve' })).entries;
  if (!entry) throw new Error('the file was not found');
  t.true(entry.hasHoles);
  const stretches = await stretchesOf(entry, 0);
  t.deepEqual(
    stretches.map(({ kind }) => kind),
    ['data', 'hole', 'data', 'hole', 'data', 'hole'],
  );
  const bytes = stretches.filter(({ kind }) => kind === 'data').reduce((sum, { start, end }) => sum + end - start, 0);
  t.true(bytes < 5 * MIB, String(bytes));
  t.deepEqual(await stretchesOf({ ...entry, hasHoles: false }, MIB), [{ kind: 'data', start: MIB, end: 64 * MIB }]);
});

for (const options of [{}, { checksum: true }, { resume: true }] satisfies TransferOptions[]) {
  onEveryBoard(
    `holes are sent neither way, and the content arrives (${JSON.stringify(options)})`,
    async ({ t, session, here, there, kind }) => {
      const path = join(here, 'disk.img');
      await writeSparse(path);
      await push(session, { sources: [path], destination: there, options });
      t.is(await boardHash(session, `${there}/disk.img`), await localHash(path));
      await pull(session, { sources: [`${there}/disk.img`], destination: `${here}/back`, options });
      t.is(await localHash(join(here, 'back')), await localHash(path));
      if (kind.name !== 'OpenSSH') return;
      for (const copy of [`${there}/disk.img`, join(here, 'back')]) {
        const { size, blocks } = await stat(copy);
        t.is(size, 64 * MIB);
        t.true(blocks * 512 < 8 * MIB, `${copy}: ${String(blocks * 512)}`);
      }
    },
  );
}
