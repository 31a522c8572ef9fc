// One large file, pushed by two commands at the same time.
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { push } from '../../src/files/push.js';
import type { TransferRequest } from '../../src/files/transfer.js';
import type { SshSession } from '../../src/ssh/session.js';
import { onEveryBoard } from './suite.js';
import { boardNames, readRemote } from './trees.js';

const LARGE_BYTES = 9_000_000;
/** Too slow to get to the end before the other one. */
const CRAWLING_BYTES_PER_S = 100_000;

/** Resolves with the error that a push ended in, if any. */
function ending(session: SshSession, request: TransferRequest): Promise<unknown> {
  return push(session, request).then(
    () => undefined,
    (error: unknown) => error,
  );
}

for (const resume of [false, true]) {
  onEveryBoard(
    `a push ${resume ? 'that is resumed while it still runs' : 'of a file that another push is sending'} puts it in place whole, and the other one is told`,
    async ({ t, board, session, here, there }) => {
      const content = randomBytes(LARGE_BYTES);
      await writeFile(join(here, 'data'), content);
      const request = { sources: [join(here, 'data')], destination: there };
      const link = new EventEmitter();
      let sentBytes = 0;
      const troubles = {
        bytesPerS: 3_000_000,
        onSent: (bytes: number) => {
          if ((sentBytes += bytes) > LARGE_BYTES / 4) link.emit('under way');
        },
      };
      const slow = await board.open(troubles);
      const isUnderWay = once(link, 'under way');
      const first = ending(slow, request);
      await isUnderWay;
      troubles.bytesPerS = CRAWLING_BYTES_PER_S;
      const { files } = await push(session, { ...request, options: { resume } });
      t.is(files, 1);
      t.true(content.equals(await readRemote(session, `${there}/data`)));
      troubles.bytesPerS = Infinity;
      const error = await first;
      t.like(error, { code: 'FILE', message: `Another push of ${there}/data has taken the place of this one.` });
      t.true(content.equals(await readRemote(session, `${there}/data`)));
      t.deepEqual(await boardNames(session, there), ['data']);
    },
  );
}

onEveryBoard('two pushes that begin at once leave one whole file', async ({ t, board, session, here, there }) => {
  const content = randomBytes(LARGE_BYTES);
  await writeFile(join(here, 'data'), content);
  const request = { sources: [join(here, 'data')], destination: there };
  const other = await board.open();
  const errors = await Promise.all([ending(session, request), ending(other, request)]);
  t.true(errors.includes(undefined), String(errors[0]));
  for (const error of errors) if (error !== undefined) t.like(error, { code: 'FILE' });
  t.true(content.equals(await readRemote(session, `${there}/data`)));
  t.deepEqual(await boardNames(session, there), ['data']);
});
