import test from 'ava';
import { parseDownloadLimit, parsePartitionSize, parseVariableLine } from '../../src/fastboot/variables.js';

for (const [text, size] of [
  ['0x19000000', 0x19000000],
  [' 0X10 \n', 16],
  ['419430400', 419_430_400],
  ['0', undefined],
  ['0x0', undefined],
  ['', undefined],
  ['lots', undefined],
  ['-1', undefined],
  ['0xffffffffffffffff', undefined],
  [undefined, undefined],
] as const) {
  test(`max-download-size ${text === undefined ? 'missing' : JSON.stringify(text)} is ${String(size ?? 'unlimited')}`, t => {
    t.is(parseDownloadLimit(text), size);
  });
}

for (const [text, size] of [
  ['0x0000000008000000', 0x8000000],
  ['8000000', 0x8000000],
  [' 0x10', 16],
  ['0', undefined],
  ['', undefined],
  ['Variable not implemented', undefined],
  [undefined, undefined],
] as const) {
  test(`partition-size ${text === undefined ? 'missing' : JSON.stringify(text)} is ${String(size ?? 'not known')}`, t => {
    t.is(parsePartitionSize(text), size);
  });
}

test('a line that is no variable is none', t => {
  t.is(parseVariableLine('Done!'), undefined);
  t.is(parseVariableLine(': value'), undefined);
  t.is(parseVariableLine(''), undefined);
});
