import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collect, type ProgramResult } from './program.js';
import { DeskUser } from './desk-user.js';
import { startLab, type Lab } from './lab.js';
import { labTest } from './lab-test.js';

const FOLDER = '/home/mendel/files';
/** Half a minute for 40 MB: time enough for what is to happen in the middle. */
const SLOW = { rateMbit: 10 };
const UNTIL_UNDER_WAY = `until [ "$(du -sb ${FOLDER} | cut -f1)" -gt 1000000 ]; do :; done`;

labTest('sshd killed in the middle of a push leaves the old file, and the next push the new one', async t => {
  await using lab = await pairedLab();
  const user = await DeskUser.of(t, lab);
  const file = join(user.folder, 'data.bin');
  const content = randomBytes(40_000_000);
  await user.must(['pair', '--allow-network', lab.board().name]);
  await lab.board().shell(`install -d -o mendel ${FOLDER}`);
  await writeFile(file, 'old');
  await user.must(['push', file, FOLDER]);
  await writeFile(file, content);
  await lab.shape(SLOW);
  const pushing = user.spawn(['push', file, FOLDER]);
  const ended = collect(pushing);
  await untilUnderWay(lab, ended);
  await lab.board().killSshd();
  const result = await ended;
  t.is(result.code, 5, result.stderr.toString());
  t.is(await lab.board().shell(`cat ${FOLDER}/data.bin`), 'old');
  await lab.board().startSshd();
  await lab.shape({});
  await user.must(['push', '--resume', file, FOLDER]);
  t.is(
    await lab.board().shell(`stat -c %s ${FOLDER}/data.bin; ls -A ${FOLDER}`),
    `${String(content.length)}\ndata.bin`,
  );
});

labTest('a full /home is told as that, and leaves no half file', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'], homeSizeMiB: 8 }] });
  const user = await DeskUser.of(t, lab);
  const file = join(user.folder, 'data.bin');
  await writeFile(file, randomBytes(20_000_000));
  await user.must(['pair']);
  const result = await user.mdt(['push', file, '/home/mendel/']);
  t.true([5, 7].includes(result.code), `${String(result.code)}: ${result.stderr.toString()}`);
  t.regex(result.stderr.toString(), /space|full/i);
  t.is(await lab.board().shell('ls /home/mendel'), '');
});

labTest('a read-only /home is told as that', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'] }] });
  const user = await DeskUser.of(t, lab);
  await user.must(['pair']);
  await lab.board().shell('mount -o remount,ro /home');
  const result = await user.mdt(['push', '/etc/hostname', '/home/mendel/']);
  t.true([5, 7].includes(result.code), `${String(result.code)}: ${result.stderr.toString()}`);
  t.regex(result.stderr.toString(), /read-only/i);
});

labTest('a link that goes dead in the middle of a transfer is a timeout, not a hang', async t => {
  await using lab = await pairedLab();
  const user = await DeskUser.of(t, lab);
  const file = join(user.folder, 'data.bin');
  await writeFile(file, randomBytes(40_000_000));
  await user.must(['pair', '--allow-network', lab.board().name]);
  await lab.board().shell(`install -d -o mendel ${FOLDER}`);
  await lab.shape(SLOW);
  const pushing = user.spawn(['push', file, FOLDER]);
  const ended = collect(pushing);
  await untilUnderWay(lab, ended);
  await lab.hub.ip(['link set desk down']);
  const result = await ended;
  t.true([5, 8].includes(result.code), `${String(result.code)}: ${result.stderr.toString()}`);
});

/** Resolves when a megabyte of the transfer has arrived on the board; rejects if it ends before. */
async function untilUnderWay(lab: Lab, ended: Promise<ProgramResult>): Promise<void> {
  const early = ended.then(result => {
    throw new Error(`the transfer ended with ${String(result.code)}: ${result.stderr.toString()}`);
  });
  await Promise.race([lab.board().shell(UNTIL_UNDER_WAY), early]);
}

function pairedLab(): Promise<Lab> {
  return startLab({ boards: [{ links: ['lan'], keymaster: 'everywhere' }] });
}
