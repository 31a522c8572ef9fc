import { execFileSync } from 'node:child_process';
import test from 'ava';
import fc from 'fast-check';
import { quoteWord, quoteWords } from '../../src/ssh/quote.js';

test('words that no shell reads anything into stay as they are', t => {
  t.is(quoteWords(['ls', '-l', '/home/mendel', 'a=b', 'x@y:z', '10%']), "ls -l /home/mendel 'a=b' x@y:z 10%");
});

test('everything else is put in quotes', t => {
  t.is(quoteWord(''), "''");
  t.is(quoteWord('a b'), "'a b'");
  t.is(quoteWord("it's"), `'it'\\''s'`);
  t.is(quoteWord('~'), "'~'");
});

const hasShell = process.platform !== 'win32';

(hasShell ? test : test.skip)('a shell reads every word back as it was', t => {
  const word = fc.string({ unit: 'binary', maxLength: 20 }).filter(text => !text.includes('\0'));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), words => {
      const output = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${quoteWords(words)}`], { encoding: 'utf8' });
      return output === words.map(text => `${Buffer.from(text).toString()}\0`).join('');
    }),
    { numRuns: 50 },
  );
  t.pass();
});
