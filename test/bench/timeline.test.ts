import test from 'ava';
import { Timeline } from '../../src/bench/timeline.js';

test('a run of any length is a bounded number of slots that lose no value', t => {
  const timeline = new Timeline();
  const count = 100_000;
  for (let index = 0; index < count; index++) timeline.add(5e12 + index * 3_000_000, index);
  const slots = timeline.slots();
  t.true(slots.length > 100 && slots.length <= 256);
  t.is(
    slots.reduce((sum, slot) => sum + slot.count, 0),
    count,
  );
  t.is(slots.at(-1)?.max, count - 1);
});

test('drift is the last tenth of the time against the first', t => {
  const timeline = new Timeline();
  for (let index = 0; index < 1000; index++) timeline.add(index * 1_000_000, index < 500 ? 100 : 130);
  t.is(Math.round((timeline.drift() ?? 0) * 100), 30);
});

test('a few values have no drift', t => {
  const timeline = new Timeline();
  for (let index = 0; index < 49; index++) timeline.add(index * 1_000_000, 1 + index);
  t.is(timeline.drift(), undefined);
  timeline.add(49_000_000, 50);
  t.true((timeline.drift() ?? 0) > 1);
});
