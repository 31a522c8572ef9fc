import test from 'ava';
import { hashBySftp } from '../../src/files/sftp-content.js';
import { withStallWatch } from '../../src/files/stall.js';
import type { SftpChannel } from '../../src/ssh/sftp.js';
import { pause } from '../../src/time/deadline.js';

const options = { operation: 'testing', timeoutMs: 50 };

test('work that has a deadline of its own is no stall, however long it takes, and what follows is watched again', async t => {
  t.is(await withStallWatch(options, watch => watch.during(pause(200).then(() => 'done'))), 'done');
  const stalling = withStallWatch(options, async watch => {
    await watch.during(pause(200));
    await new Promise<void>(resolve => {
      watch.signal.addEventListener('abort', () => {
        resolve();
      });
    });
  });
  await t.throwsAsync(stalling, { code: 'TIMEOUT' });
  await t.throwsAsync(
    withStallWatch(options, watch => watch.during(Promise.reject(new Error('of its own')))),
    { message: 'of its own' },
  );
});

test('a file that is hashed over SFTP shows that it moves', async t => {
  const sftp = {
    maxRequestBytes: 1000,
    open: () =>
      Promise.resolve({
        read: (length: number) => Promise.resolve(Buffer.alloc(length)),
        close: () => Promise.resolve(),
      }),
  } as unknown as SftpChannel;
  let moves = 0;
  await hashBySftp(sftp, '/x', { length: 5000, moved: () => moves++ });
  t.is(moves, 5);
});
