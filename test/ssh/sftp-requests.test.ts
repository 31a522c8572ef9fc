import { EventEmitter } from 'node:events';
import { mock } from 'node:test';
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

test.serial('one answer of many that are under way is enough to wait on', async t => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => {
    mock.timers.reset();
  });
  const requests = new SftpRequests(silentChannel(), 1000);
  const ask = (path: string): { answer: () => void; answered: Promise<string> } => {
    let answer = (): void => undefined;
    const answered = requests.ask<string>(path, (_sftp, done) => {
      answer = () => {
        done(undefined, path);
      };
    });
    return { answer, answered };
  };
  const slow = ask('/slow');
  for (let count = 0; count < 4; count++) {
    const quick = ask('/quick');
    mock.timers.tick(900);
    quick.answer();
    t.is(await quick.answered, '/quick');
  }
  slow.answer();
  t.is(await slow.answered, '/slow');
});
