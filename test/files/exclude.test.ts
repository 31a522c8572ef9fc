import { join } from 'node:path';
import test from 'ava';
import { UsageError } from '../../src/errors.js';
import { Exclusion } from '../../src/files/exclude.js';
import { pull } from '../../src/files/pull.js';
import { push } from '../../src/files/push.js';
import { onEveryBoard } from './suite.js';
import { boardTree, localTree, makeTree } from './trees.js';

test('a pattern without a slash is compared with names, one with slashes with the path below the source', t => {
  const exclusion = new Exclusion(['*.log', 'build/cache', './docs/*/', '.git']);
  const excluded = ['x.log', '.x.log', 'deep/y.log', 'build/cache', 'build/cache/z', 'docs/a', '.git', '.git/HEAD'];
  for (const path of excluded) t.true(exclusion.excludesBelow('root', path), path);
  for (const path of ['log', 'build', 'x/build/cache', 'docs', 'gitx'])
    t.false(exclusion.excludesBelow('root', path), path);
  t.true(exclusion.excludesBelow('root.log', 'any'));
  for (const pattern of ['', '/', '..', 'a/../b', '.']) {
    t.throws(() => new Exclusion([pattern]), { instanceOf: UsageError }, pattern);
  }
});

const TREE = { 'app/a.txt': 'a', 'app/.b.log': 'b', 'app/sub/c.log': 'c', 'app/sub/d': 'd', 'app/node_modules/e': 'e' };

onEveryBoard('what is excluded is neither sent nor fetched', async ({ t, session, here, there }) => {
  await makeTree(here, TREE);
  const exclude = ['*.log', 'node_modules'];
  await push(session, { sources: [join(here, 'app')], destination: there, options: { exclude } });
  t.deepEqual(Object.keys(await boardTree(session, `${there}/app`)).sort(), ['a.txt', 'sub', 'sub/d']);
  await push(session, { sources: [join(here, 'app')], destination: there });
  await pull(session, { sources: [`${there}/app`], destination: `${here}/back/`, options: { exclude } });
  t.deepEqual(Object.keys(await localTree(join(here, 'back/app'))).sort(), ['a.txt', 'sub', 'sub/d']);
  await pull(session, {
    sources: [`${there}/app/*`],
    destination: `${here}/some/`,
    options: { exclude: ['sub', 'a*'] },
  });
  t.deepEqual(Object.keys(await localTree(join(here, 'some'))).sort(), ['node_modules', 'node_modules/e']);
  for (const transfer of [
    push(session, { sources: [join(here, 'app')], destination: there, options: { exclude: ['app'] } }),
    pull(session, { sources: [`${there}/app`], destination: here, options: { exclude: ['ap?'] } }),
  ]) {
    await t.throwsAsync(transfer, { instanceOf: UsageError });
  }
});
