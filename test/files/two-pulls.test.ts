// One large file, pulled by two commands into one folder at the same time.
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pull } from '../../src/files/pull.js';
import { push } from '../../src/files/push.js';
import type { TransferRequest } from '../../src/files/transfer.js';
import type { SshSession } from '../../src/ssh/session.js';
import type { LongOperation } from '../../src/time/progress.js';
import { onEveryBoard, type SuiteContext } from './suite.js';

const LARGE_BYTES = 9_000_000;
/** Too slow to get to the end before the other one. */
const CRAWLING_BYTES_PER_S = 100_000;

interface Ground {
  readonly content: Buffer;
  /** Where it is pulled to. */
  readonly folder: string;
  readonly request: TransferRequest;
}

/** A large file on the board, and an empty folder to pull it into. */
async function ground({ session, here, there }: SuiteContext): Promise<Ground> {
  const content = randomBytes(LARGE_BYTES);
  await writeFile(join(here, 'data'), content);
  await push(session, { sources: [join(here, 'data')], destination: there });
  const folder = join(here, 'back');
  await mkdir(folder);
  return { content, folder, request: { sources: [`${there}/data`], destination: folder } };
}

/** Resolves with the error that a pull ended in, if any. */
function ending(session: SshSession, request: TransferRequest, operation: LongOperation = {}): Promise<unknown> {
  return pull(session, request, operation).then(
    () => undefined,
    (error: unknown) => error,
  );
}

for (const resume of [false, true]) {
  onEveryBoard(
    `a pull ${resume ? 'that is resumed while it still runs' : 'of a file that another pull is fetching'} puts it in place whole, and the other one is told`,
    async context => {
      const { t, board, session } = context;
      const { content, folder, request } = await ground(context);
      const troubles = { bytesPerS: 3_000_000 };
      const slow = await board.open(troubles);
      const link = new EventEmitter();
      const isUnderWay = once(link, 'under way');
      const first = ending(slow, request, {
        onProgress: event => {
          if (event.kind === 'progress' && event.done > LARGE_BYTES / 4) link.emit('under way');
        },
      });
      await isUnderWay;
      troubles.bytesPerS = CRAWLING_BYTES_PER_S;
      const { files } = await pull(session, { ...request, options: { resume } });
      t.is(files, 1);
      t.true(content.equals(await readFile(join(folder, 'data'))));
      troubles.bytesPerS = Infinity;
      t.like(await first, {
        code: 'FILE',
        message: `Another pull of ${join(folder, 'data')} has taken the place of this one.`,
      });
      t.true(content.equals(await readFile(join(folder, 'data'))));
      t.deepEqual(await readdir(folder), ['data']);
    },
  );

  onEveryBoard(
    `two pulls that begin at once${resume ? ' and find a part' : ''} leave one whole file`,
    async context => {
      const { t, board, session } = context;
      const { content, folder, request } = await ground(context);
      if (resume) {
        const broken = await board.open({ cutAfterBytes: LARGE_BYTES / 2 });
        t.like(await ending(broken, request), { code: 'TRANSPORT' });
        t.is((await readdir(folder)).length, 1);
      }
      const options = { resume };
      const other = await board.open();
      const errors = await Promise.all([
        ending(session, { ...request, options }),
        ending(other, { ...request, options }),
      ]);
      t.true(errors.includes(undefined), String(errors[0]));
      for (const error of errors) if (error !== undefined) t.like(error, { code: 'FILE' });
      t.true(content.equals(await readFile(join(folder, 'data'))));
      t.deepEqual(await readdir(folder), ['data']);
    },
  );
}
