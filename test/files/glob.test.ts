import test from 'ava';
import fc from 'fast-check';
import { expandPattern, hasPattern, partMatcher } from '../../src/files/glob.js';

const FOLDERS: Record<string, string[]> = {
  '/': ['home', 'var'],
  '/home': ['mendel'],
  '/home/mendel': ['a.log', 'b.log', '.hidden.log', 'logs', 'c d.log'],
  '/home/mendel/logs': ['x.txt', 'y.txt'],
  '/var': ['log', 'lib'],
};

const list = (path: string): Promise<string[] | undefined> => Promise.resolve(FOLDERS[path]);

test('a pattern becomes the paths it stands for, sorted', async t => {
  t.deepEqual(await expandPattern('/home/mendel/*.log', list), [
    '/home/mendel/a.log',
    '/home/mendel/b.log',
    '/home/mendel/c d.log',
  ]);
  t.deepEqual(await expandPattern('/*/mendel/l*/?.txt', list), ['/home/mendel/logs/x.txt', '/home/mendel/logs/y.txt']);
  t.deepEqual(await expandPattern('/v*/log/', list), ['/var/log']);
  t.deepEqual(await expandPattern('/home/mendel/*.none', list), []);
  t.deepEqual(await expandPattern('/none/*', list), []);
});

test('sets and their opposites, ranges, and brackets that are none', t => {
  const matches = (pattern: string, name: string): boolean => partMatcher(pattern).test(name);
  t.true(matches('[a-c]x', 'bx'));
  t.false(matches('[a-c]x', 'dx'));
  t.true(matches('[!a-c]x', 'dx'));
  t.true(matches('[^a]', 'b'));
  t.true(matches('[]x]', ']'));
  t.true(matches('[a-]', '-'));
  t.false(matches('[c-a]', 'b'));
  t.true(matches('[ab', '[ab'));
  t.true(matches('a]b', 'a]b'));
  t.true(matches('*', 'new\nline'));
  t.true(matches('?', '😀'));
  t.false(matches('*', '.hidden'));
  t.true(matches('.*', '.hidden'));
  t.false(matches('[.]x', '.x'));
});

test('a name without pattern characters matches itself and nothing else', t => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' }), (name, other) => {
      fc.pre(!hasPattern(name));
      t.true(partMatcher(name).test(name));
      t.is(partMatcher(name).test(other), name === other);
    }),
  );
});

test('no pattern is too odd to be read', t => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'[]!^-*?a\\/().+{}|$é'.split(/(?:)/u)) }),
      fc.string(),
      (pattern, name) => {
        t.is(typeof partMatcher(pattern).test(name), 'boolean');
      },
    ),
  );
});
