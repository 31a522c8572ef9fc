// What a flash leaves behind for the next one, and what it does not.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import test from 'ava';
import { FileError, UsageError } from '../../src/errors.js';
import { flashBoard } from '../../src/flash/flash-board.js';
import { journalFolder } from '../../src/flash/prepare-flash.js';
import { openImageSet } from '../../src/flash/image-set.js';
import { unfinishedFlashes } from '../../src/flash/journal.js';
import { FlashStepError } from '../../src/flash/step-error.js';
import { until } from '../../src/time/retry.js';
import { mdt } from '../fakes/cli-io.js';
import { readEmmc } from './release.js';
import { desk, endsAsMeant, flash } from './interrupted-desk.js';

test('a flash in which nothing was written leaves no journal, and says so', async t => {
  const own = await desk(t);
  own.board.faults = { dropDownloadAtByte: 100_000 };
  const error = await t.throwsAsync(flash(own), {
    instanceOf: FlashStepError,
    message: /step 1 of 9.* Nothing was written\.$/,
  });
  t.is(error.exitCode, 5);
  t.notRegex(error.hint ?? '', /--resume/);
  t.deepEqual(await unfinishedFlashes(journalFolder(own.host)), []);
  own.board.faults = {};
  const told = await flash(own);
  t.false(told.some(text => text.includes('earlier flash')));
  await endsAsMeant(t, own);
});

test('what an earlier flash knew of the board stays where the next one writes nothing', async t => {
  const own = await desk(t);
  own.board.faults = { failSteps: ['erase:misc'] };
  await t.throwsAsync(flash(own), { instanceOf: FlashStepError });
  own.board.faults = { dropDownloadAtByte: 100_000 };
  await t.throwsAsync(flash(own), { instanceOf: FlashStepError, message: / No step is done\.$/ });
  const [record] = await unfinishedFlashes(journalFolder(own.host));
  t.false(record?.hadHome, 'the home partition of the first flash was never written to');
  own.board.faults = {};
  await flash(own);
  await endsAsMeant(t, own);
});

test('a flash that can have no journal writes nothing, and speaks of nothing else', async t => {
  const own = await desk(t);
  await mkdir(own.host.paths.configDir, { recursive: true });
  await writeFile(journalFolder(own.host), 'no folder');
  const error = await t.throwsAsync(flash(own), {
    instanceOf: FileError,
    message: /^The journal of the flash, .*, cannot be written\./,
  });
  t.notRegex(error.hint ?? '', /--resume|powered/);
  t.true((await readEmmc(own.board.emmc)).user.equals(own.before.user));
});

test('a journal that cannot be read is kept, and the flash begins anew', async t => {
  const own = await desk(t);
  own.board.faults = { failSteps: ['erase:misc'] };
  await t.throwsAsync(flash(own), { instanceOf: FlashStepError });
  own.board.faults = {};
  const folder = journalFolder(own.host);
  const [name = ''] = await readdir(folder);
  await writeFile(join(folder, name), '{');
  await t.throwsAsync(flash(own, { resume: true }), { instanceOf: FileError, message: /cannot be read/ });
  const told = await flash(own);
  const kept = join(folder, `${name}.damaged`);
  t.true(told.includes(`The journal of an earlier flash cannot be read; it is kept as ${kept}.`));
  t.is(await readFile(kept, 'utf8'), '{');
});

test('a partition that the board does not have is refused before anything is written', async t => {
  const own = await desk(t);
  const partitions = new Map([['nosuch', join(own.path, 'boot_arm64.img')]]);
  await using images = await openImageSet({ partitions });
  await t.throwsAsync(flashBoard(own.host, own.place, { images }), {
    instanceOf: UsageError,
    message: 'The board has no partition nosuch.',
  });
  t.deepEqual(await unfinishedFlashes(journalFolder(own.host)), []);
});

test('a flash whose program ended while the board restarted goes on at once: the board is waited for', async t => {
  const own = await desk(t, 2000);
  const controller = new AbortController();
  const interrupted = flash(own, {
    signal: controller.signal,
    onProgress: event => {
      if (event.kind !== 'message' || !event.text.startsWith('Step 2 of 9')) return;
      const goesDown = (): Promise<true | undefined> =>
        Promise.resolve(own.board.power === 'rebooting' ? true : undefined);
      void until({ intervalMs: 5 }, goesDown).then(() => {
        controller.abort();
      });
    },
  });
  await t.throwsAsync(interrupted, { instanceOf: FlashStepError, message: /^Interrupted in step 2 of 9/ });
  const told = await flash(own, { resume: true });
  t.regex(told[0] ?? '', /^Waiting for it in fastboot at tcp:\S+\.$/);
  await endsAsMeant(t, own);
});

test('what was named by a relative path goes on from any folder, without being named again', async t => {
  const own = await desk(t);
  const boot = join(own.path, 'boot_arm64.img');
  own.board.faults = { failSteps: ['erase:misc'] };
  {
    const partitions = new Map([['boot', relative('', boot)]]);
    await using images = await openImageSet({ path: relative('', own.path), partitions });
    await t.throwsAsync(flashBoard(own.host, own.place, { images }), { instanceOf: FlashStepError });
  }
  own.board.faults = {};
  const [record] = await unfinishedFlashes(journalFolder(own.host));
  t.is(record?.images, own.path);
  t.deepEqual(record?.partitions, { boot });
  t.true(record?.steps.includes(`flash boot with ${boot}`));
  const { configDir } = own.host.paths;
  const board = `tcp:${own.board.address}:${String(own.board.fastbootPort)}`;
  const { code, err } = await mdt({ configDir }, 'flash', '--yes', '--resume', '-d', board);
  t.is(code, 0, err);
  t.regex(err, /^Step 5 of 9: erase misc$/m);
  await endsAsMeant(t, own);
});
