import test from 'ava';
import fc from 'fast-check';
import { decodeName, encodeName, isText } from '../../src/remote/names.js';

test('any bytes survive the way to a string and back', t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
      t.deepEqual(encodeName(decodeName(Buffer.from(bytes))), Buffer.from(bytes));
    }),
  );
});

test('ordinary text is left as it is, emoji and replacement characters included', t => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => {
      t.is(decodeName(Buffer.from(text)), text);
      t.true(isText(text));
      t.deepEqual(encodeName(text), Buffer.from(text));
    }),
  );
  t.is(decodeName(Buffer.from('a\ufffdb')), 'a\ufffdb');
});

test('a byte that is not UTF-8 becomes a lone surrogate, its neighbours stay', t => {
  t.is(decodeName(Buffer.from([0x61, 0xff, 0xc3, 0xa9])), 'a\udcffé');
  t.is(decodeName(Buffer.from([0xed, 0xa0, 0x80])), '\udced\udca0\udc80');
  t.false(isText('a\udcff'));
});
