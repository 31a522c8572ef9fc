import test from 'ava';
import fc from 'fast-check';
import { posix, win32 } from 'node:path';
import { caseCollision, checkRelativePath, nameProblem } from '../../src/files/local-names.js';

test('no path of the board leads out of its folder', t => {
  for (const path of ['..', '../x', 'a/../x', '/etc/passwd', 'a//b', 'a/', '', '.', './a', 'a/./b', 'a\0b']) {
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      t.throws(
        () => {
          checkRelativePath(path, platform);
        },
        undefined,
        `${JSON.stringify(path)} on ${platform}`,
      );
    }
  }
});

test('what is accepted stays inside, whatever it is', t => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'./\\:ac~ '.split(/(?:)/u)) }), path => {
      for (const [platform, rules] of [
        ['linux', posix],
        ['win32', win32],
      ] as const) {
        const root = platform === 'win32' ? 'C:\\target' : '/target';
        try {
          checkRelativePath(path, platform);
        } catch {
          continue;
        }
        t.true(rules.resolve(root, path).startsWith(`${root}${rules.sep}`), `${path} on ${platform}`);
      }
    }),
  );
});

test('Windows refuses what it cannot keep, and says why', t => {
  for (const name of [
    'con',
    'CON.txt',
    'nul',
    'COM1',
    'lpt9.log',
    'a:b',
    'c:',
    'a\\b',
    'a?',
    'a.',
    'a ',
    'a\nb',
    '"',
  ]) {
    t.is(typeof nameProblem(name, 'win32'), 'string', name);
  }
  for (const name of ['console', 'com', 'a.b', '.a', 'ü']) t.is(nameProblem(name, 'win32'), undefined, name);
  for (const name of ['con', 'a:b', 'a\\b', 'a.', 'a\nb']) t.is(nameProblem(name, 'linux'), undefined, name);
  t.is(nameProblem('a\udcff', 'darwin'), 'it is not UTF-8');
  t.is(nameProblem('a\udcff', 'linux'), undefined);
});

test('names that differ only in their case are found', t => {
  t.deepEqual(caseCollision(['a/File', 'b', 'a/file']), ['a/File', 'a/file']);
  t.deepEqual(caseCollision(['é', 'E\u0301']), ['é', 'E\u0301']);
  t.is(caseCollision(['a', 'b', 'a']), undefined);
});
