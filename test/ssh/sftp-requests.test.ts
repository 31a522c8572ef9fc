import { EventEmitter } from 'node:events';
import test from 'ava';
import type { SFTPWrapper } from 'ssh2';
import { TimeoutError } from '../../src/errors.js';
import { SftpRequests } from '../../src/ssh/sftp-requests.js';

/** A channel of a board that says nothing by itself. */
function silentChannel(): SFTPWrapper {
  return new EventEmitter() as SFTPWrapper;
}

test('a board that leaves all file operations unanswered is a timeout, for each of them and from then on', async t => {
  const requests = new SftpRequests(silentChannel(), 30);
  const unanswered = [1, 2].map(() => requests.ask<never>('/x', () => undefined));
  for (const asked of unanswered) await t.throwsAsync(asked, { instanceOf: TimeoutError });
  await t.throwsAsync(
    requests.ask<never>('/y', () => undefined),
    { instanceOf: TimeoutError },
  );
});

test('one answer of many that are under way is enough to wait on', async t => {
  const requests = new SftpRequests(silentChannel(), 200);
  let answerSlow: (() => void) | undefined;
  const slow = requests.ask<string>('/slow', (_sftp, done) => {
    answerSlow = () => {
      done(undefined, 'slow');
    };
  });
  for (let answered = 0; answered < 4; answered++) {
    t.is(
      await requests.ask<string>('/quick', (_sftp, done) => {
        setTimeout(() => {
          done(undefined, 'quick');
        }, 100);
      }),
      'quick',
    );
  }
  answerSlow?.();
  t.is(await slow, 'slow');
});
