import { boardTest } from './board-test.js';

const BOOT_ID = ['exec', 'cat', '/proc/sys/kernel/random/boot_id'] as const;

boardTest('reboot --wait returns when the same board runs again', async (t, { lab, user }) => {
  await user.must(['pair']);
  const before = await user.must(BOOT_ID);
  t.regex(await user.must(['reboot', '--wait', '--timeout', '400'], { timeoutMs: 500_000 }), /is back/);
  t.not(await user.must(BOOT_ID), before);
  t.is(await user.must(['exec', 'hostname']), `${lab.board.name}\n`);
});

boardTest('reboot-bootloader leaves the mark that the bootloader looks for', async (t, { user }) => {
  await user.must(['pair']);
  await user.must(['reboot-bootloader', '--wait', '--timeout', '300'], { timeoutMs: 400_000 });
  await user.must(['wait-for-device', '--timeout', '300'], { timeoutMs: 400_000 });
  const mark = await user.must(['exec', 'sudo head -c 18 /dev/disk/by-partlabel/misc'], { timeoutMs: 300_000 });
  t.is(mark, 'bootonce-bootloader'.slice(0, 18));
});
