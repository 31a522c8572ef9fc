import { readFile } from 'node:fs/promises';
import test from 'ava';
import { connectReason, systemHint, systemReason } from '../../src/host/system-error.js';

function failure(code: string, errno?: number): Error {
  return Object.assign(new Error(`connect ${code} 192.0.2.7:22`), { code, ...(errno === undefined ? {} : { errno }) });
}

test('codes of the system are told in words', async t => {
  t.is(connectReason(failure('ENODEV')), 'the interface is gone');
  t.is(connectReason(failure('ECONNREFUSED')), 'nothing listens there');
  const missing = await t.throwsAsync(readFile('/no/such/file'));
  t.is(systemReason(missing), 'no such file or directory');
  t.is(connectReason(missing), 'no such file or directory');
  t.is(systemHint(missing), 'The system says: no such file or directory.');
});

test('what has no number keeps its own words', t => {
  t.is(systemReason(failure('ESTRANGE')), 'connect ESTRANGE 192.0.2.7:22');
  t.is(systemReason(new Error('It is full.')), 'It is full');
  t.is(systemReason('no error at all'), 'no error at all');
});
