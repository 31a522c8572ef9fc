import { join } from 'node:path';
import test from 'ava';
import { MdtError } from '../../src/errors.js';
import { journalFolder } from '../../src/flash/prepare-flash.js';
import { unfinishedFlashes } from '../../src/flash/journal.js';
import { FlashStepError } from '../../src/flash/step-error.js';
import type { Faults } from '../../src/virtual-board/faults.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { testRelease, writeFolder } from './release.js';
import { desk, endsAsMeant, flash, IMPATIENT } from './interrupted-desk.js';

interface Trouble {
  readonly faults: Faults;
  /** How many steps are done when it strikes. */
  readonly completed: number;
  readonly message: RegExp;
  readonly exitCode: number;
}

const TROUBLES: Readonly<Record<string, Trouble>> = {
  'the bootloader is refused': {
    faults: { failSteps: ['flash:bootloader0'] },
    completed: 0,
    message: /step 1 of 9, flash bootloader0 with u-boot\.imx: The board refused flash:bootloader0.* No step is done/,
    exitCode: 7,
  },
  'the board does not come back': {
    faults: { noReturn: true },
    completed: 1,
    message: /step 2 of 9, reboot into the bootloader: Timed out .* to come back into fastboot/,
    exitCode: 8,
  },
  'the partition table is not answered': {
    faults: { hangSteps: ['flash:gpt'] },
    completed: 2,
    message: /step 3 of 9, flash gpt with partition-table-8gb\.img: Timed out/,
    exitCode: 8,
  },
  'the second restart is refused': {
    faults: { failSteps: ['reboot-bootloader'] },
    completed: 1,
    message: /step 2 of 9/,
    exitCode: 7,
  },
  'erasing fails': {
    faults: { failSteps: ['erase:misc'] },
    completed: 4,
    message: /step 5 of 9, erase misc/,
    exitCode: 7,
  },
  'the answer about home is garbage': {
    faults: { garbleSteps: ['flash:home'] },
    completed: 5,
    message: /step 6 of 9, flash home/,
    exitCode: 6,
  },
  'boot is not answered': { faults: { hangSteps: ['flash:boot'] }, completed: 6, message: /step 7 of 9/, exitCode: 8 },
  'the link breaks in the middle of rootfs': {
    faults: { dropDownloadAtByte: 4_500_000 },
    completed: 7,
    message: /step 8 of 9, flash rootfs .*7 steps are done \(bootloader0, gpt, misc, home, boot\)/,
    exitCode: 5,
  },
  'the last restart is refused': {
    faults: { failSteps: ['reboot'] },
    completed: 8,
    message: /step 9 of 9, reboot into Mendel/,
    exitCode: 7,
  },
};

for (const [what, trouble] of Object.entries(TROUBLES)) {
  test(`resumed to the same bytes after: ${what}`, async t => {
    const own = await desk(t);
    own.board.faults = trouble.faults;
    const isSilent = trouble.faults.hangSteps !== undefined || trouble.faults.noReturn === true;
    const error = await t.throwsAsync(flash(own, isSilent ? IMPATIENT : {}), {
      instanceOf: FlashStepError,
      message: trouble.message,
    });
    t.is(error.exitCode, trouble.exitCode);
    t.regex(error.hint ?? '', /mdt flash --resume/);
    const [record] = await unfinishedFlashes(journalFolder(own.host));
    t.is(record?.completed, trouble.completed);
    own.board.faults = {};
    if (own.board.power === 'off' || trouble.faults.noReturn === true) {
      await own.board.powerCycle();
      await own.board.reboot('bootloader');
    }
    const told = await flash(own, { resume: true });
    t.true(told.some(text => text.startsWith(`Step ${String(trouble.completed + 1)} of 9: `)));
    await endsAsMeant(t, own);
  });
}

test('what was interrupted may begin anew: a home partition that nothing was written to counts as none', async t => {
  const own = await desk(t);
  own.board.faults = { failSteps: ['erase:misc'] };
  await t.throwsAsync(flash(own), { instanceOf: FlashStepError });
  own.board.faults = {};
  const told = await flash(own);
  t.true(told.includes('An earlier flash of this board was interrupted after 4 of 9 steps; it begins anew.'));
  await endsAsMeant(t, own);
});

test('who is asked may go on without --resume, or begin anew', async t => {
  for (const answer of ['resume', 'restart'] as const) {
    const own = await desk(t);
    own.board.faults = { failSteps: ['erase:misc'] };
    await t.throwsAsync(flash(own), { instanceOf: FlashStepError });
    own.board.faults = {};
    const told = await flash(own, {
      onUnfinished: record => {
        t.is(record.completed, 4);
        return Promise.resolve(answer);
      },
    });
    t.is(
      told.find(text => text.startsWith('Step ')),
      answer === 'resume' ? 'Step 5 of 9: erase misc' : 'Step 1 of 9: flash bootloader0 with u-boot.imx',
    );
    await endsAsMeant(t, own);
  }
});

test('a flash that the user interrupts in the middle of an image goes on where it was', async t => {
  const own = await desk(t);
  const controller = new AbortController();
  const interrupted = flash(own, {
    signal: controller.signal,
    onProgress: event => {
      if (event.kind === 'progress' && event.task === 'flash rootfs') controller.abort();
    },
  });
  const error = await t.throwsAsync(interrupted, { instanceOf: FlashStepError });
  t.is(error.family, 'aborted');
  t.regex(error.message, /^Interrupted in step 8 of 9, flash rootfs with rootfs_arm64\.img\. 7 steps are done/);
  await flash(own, { resume: true });
  await endsAsMeant(t, own);
});

test('only the same images with the same options go on, and only where there is something to go on with', async t => {
  const own = await desk(t);
  await t.throwsAsync(flash(own, { resume: true }), {
    instanceOf: MdtError,
    message: /No flash of this board was interrupted/,
  });
  own.board.faults = { failSteps: ['erase:misc'] };
  await t.throwsAsync(flash(own), { instanceOf: FlashStepError });
  own.board.faults = {};
  await t.throwsAsync(flash(own, { resume: true, reboot: false }), { message: /had other steps/ });
  const other = { ...own, path: await writeFolder(join(await tempDir(t), 'other'), testRelease()) };
  await t.throwsAsync(flash(other, { resume: true }), { message: /was of other images/ });
  await flash(own, { resume: true });
  await endsAsMeant(t, own);
});
