import test from 'ava';
import { nearest } from '../../src/cli/nearest.js';

test('a slip of the finger finds the word that was meant', t => {
  const words = ['devices', 'set', 'setkey', 'shell'];
  t.is(nearest('devcies', words), 'devices');
  t.is(nearest('SHEL', words), 'shell');
  t.is(nearest('sett', words), 'set');
});

test('what resembles nothing gets no suggestion', t => {
  t.is(nearest('flash', ['devices', 'set']), undefined);
  t.is(nearest('', []), undefined);
});
