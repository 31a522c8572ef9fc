import test from 'ava';
import fc from 'fast-check';
import { IdentificationError, IdentificationReader } from '../../src/ssh/identification.js';

test('the line is found after notices, whatever the pieces it comes in, and nothing after it is lost', t => {
  const text = 'Welcome\r\nplease wait\nSSH-2.0-OpenSSH_7.9p1 Debian-10\r\n\u0000\u0001binary\n';
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), sizes => {
      const reader = new IdentificationReader();
      let after: Buffer | undefined;
      let start = 0;
      for (let index = 0; start < text.length && !after; index++) {
        const end = start + (sizes[index % sizes.length] ?? 1);
        after = reader.add(Buffer.from(text.slice(start, end), 'latin1'));
        start = end;
      }
      t.is(reader.line, 'SSH-2.0-OpenSSH_7.9p1 Debian-10');
      return (after?.toString('latin1') ?? '') + text.slice(start) === text.slice(text.indexOf('SSH-'));
    }),
  );
});

test('the listener hears of the line once', t => {
  let heard = 0;
  const reader = new IdentificationReader(() => heard++);
  t.is(reader.add(Buffer.from('SSH-2.0-')), undefined);
  t.is(heard, 0);
  t.truthy(reader.add(Buffer.from('x\r\n')));
  t.is(heard, 1);
});

for (const [name, chunk] of [
  ['a line without end', Buffer.alloc(20_000, 'a')],
  ['many lines', Buffer.from('notice\n'.repeat(3000))],
  ['a long identification', Buffer.from(`SSH-2.0-${'x'.repeat(300)}\r\n`)],
  ['zeros', Buffer.alloc(20_000)],
] as const) {
  test(`${name} is too much`, t => {
    t.throws(() => new IdentificationReader().add(chunk), { instanceOf: IdentificationError });
  });
}
