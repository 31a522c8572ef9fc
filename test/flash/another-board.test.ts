import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { readEnvironment } from '../../src/config/environment.js';
import { flashBoard } from '../../src/flash/flash-board.js';
import { journalFolder } from '../../src/flash/prepare-flash.js';
import { openImageSet } from '../../src/flash/image-set.js';
import { unfinishedFlashes } from '../../src/flash/journal.js';
import { FlashStepError } from '../../src/flash/step-error.js';
import { thisHost } from '../../src/pairing/host.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { readEmmc, SMALL_BOARD, testRelease, writeFolder } from './release.js';

test('another board that answers at the same address after a restart is refused, and nothing is written to it', async t => {
  const bootloader = { ...SMALL_BOARD, fallback: 'fastboot', system: 'none' } as const;
  const { board: meant, configDir } = await boardOnDesk(t, { bootloader });
  const { board: other } = await boardOnDesk(t, { name: 'tart-crow', bootloader });
  const before = await readEmmc(other.emmc);
  // Where boards come and go at one address, as by DHCP: whoever connects reaches the one that is there now.
  let present = meant;
  const server = createServer({ allowHalfOpen: true }, socket => {
    const onward = connect({ host: present.address, port: present.fastbootPort ?? 0, allowHalfOpen: true });
    socket.pipe(onward).pipe(socket);
    socket.on('error', () => onward.destroy());
    onward.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const target = { protocol: 'tcp', host: '127.0.0.1', port: (server.address() as AddressInfo).port } as const;
  const host = { ...thisHost(readEnvironment({ HOME: configDir, MDT_CONFIG_DIR: configDir })) };
  await using images = await openImageSet({
    path: await writeFolder(join(await tempDir(t), 'release'), testRelease()),
  });
  const flash = flashBoard(
    host,
    { kind: 'fastboot', name: 'the board', target },
    {
      images,
      onProgress: event => {
        if (event.kind === 'message' && event.text.includes('reboot into the bootloader')) present = other;
      },
    },
  );
  const error = await t.throwsAsync(flash, {
    instanceOf: FlashStepError,
    message:
      /step 2 of 8, reboot into the bootloader: Another board answers at tcp:127\.0\.0\.1:\d+ now\. 1 step is done/,
  });
  t.is(error.exitCode, 3);
  t.regex(error.hint ?? '', /connect the board [0-9a-f]{16} there again/);
  t.true((await readEmmc(other.emmc)).user.equals(before.user));
  t.is((await unfinishedFlashes(journalFolder(host)))[0]?.completed, 1);
});
