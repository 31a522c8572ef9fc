import { randomBytes } from 'node:crypto';
import test from 'ava';
import { isCompressible, LinkGauge, sampleCompression } from '../../src/files/link-gauge.js';

test('text is worth compressing, random data and nothing at all are not', async t => {
  t.true(isCompressible(await sampleCompression([Buffer.from('a line of a log\n'.repeat(5000))])));
  t.false(isCompressible(await sampleCompression([randomBytes(100_000)])));
  t.false(isCompressible(await sampleCompression([])));
});

test('compression is used on slow links alone, and as hard as the link leaves time for', t => {
  const text = { ratio: 0.3, bytesPerS: 40e6 };
  const level = (bytesPerS: number, sample = text): number => {
    const gauge = new LinkGauge();
    gauge.measured(bytesPerS, 1000);
    return gauge.level(sample);
  };
  t.is(level(5e6), 6);
  t.is(level(14e6), 1);
  t.is(level(100e6), 0);
  t.is(level(5e6, { ratio: 0.95, bytesPerS: 40e6 }), 0);
  t.is(new LinkGauge().level(text), 0);
});
