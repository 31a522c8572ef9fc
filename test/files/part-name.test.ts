import test from 'ava';
import { isPartOf, isUnfinished, partNames } from '../../src/files/part-name.js';

const version = { sizeBytes: 9_000_000, modifiedAtS: 1_600_000_000 };

for (const name of ['data', 'x'.repeat(255), '\u00fc'.repeat(127)]) {
  test(`a part of ${String(Buffer.from(name).length)} bytes is known as one of its file, fits, and is unlike any other`, t => {
    const names = partNames(name, version);
    t.true(isPartOf(names, partNames(name, version).own));
    t.true(isPartOf(names, partNames(name, { ...version, sizeBytes: 1 }).own));
    t.true(names.own.startsWith(names.ofVersion));
    t.not(names.own, partNames(name, version).own);
    t.true(Buffer.from(names.own).length <= 255);
    t.true(isUnfinished(names.own));
  });
}

test('a file whose long name begins like that of another one has parts of its own', t => {
  const [one, two] = [partNames(`${'x'.repeat(230)}-one`, version), partNames(`${'x'.repeat(230)}-two`, version)];
  t.false(isPartOf(one, two.own));
});
