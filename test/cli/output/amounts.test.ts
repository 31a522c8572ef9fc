import test from 'ava';
import { formatBytes, formatDuration, formatMemory, formatRemaining, plural } from '../../../src/cli/output/amounts.js';

test('sizes have three digits at most', t => {
  t.deepEqual([0, 999, 1000, 1_234_567, 99_960_000, 999_500, 2e9, 5e12, 7e15].map(formatBytes), [
    '0 B',
    '999 B',
    '1.0 kB',
    '1.2 MB',
    '100 MB',
    '1.0 MB',
    '2.0 GB',
    '5.0 TB',
    '7000 TB',
  ]);
});

test('memory is in binary units, as the Edge TPU compiler prints it', t => {
  t.deepEqual([0, 1023, 1024, 566_912, 8_388_608].map(formatMemory), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '553.6 KiB',
    '8.0 MiB',
  ]);
});

test('times read as people say them', t => {
  t.deepEqual([0, 6_400, 750_000, 3_723_000].map(formatRemaining), ['0:00', '0:07', '12:30', '1:02:03']);
  t.deepEqual([840, 9_960, 200_000].map(formatDuration), ['0.8 s', '10 s', '3 min 20 s']);
});

test('one is not many', t => {
  t.deepEqual([plural(1, 'file'), plural(0, 'file'), plural(2, 'file')], ['1 file', '0 files', '2 files']);
});
