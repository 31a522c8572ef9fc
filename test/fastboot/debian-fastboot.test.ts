// Debian's own client against the same board: both have to leave the same disk behind.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { connectFastboot } from '../../src/fastboot/connect.js';
import { FileImage } from '../../src/fastboot/image/file-image.js';
import type { NetworkTarget } from '../../src/device/fastboot-target.js';
import { startTarget, type TargetDesk } from '../fakes/fastboot/target-desk.js';
import { mustRun, runProgram } from '../lab/program.js';
import { hasProgram } from '../lab/requirements.js';
import { sparseFile } from './sparse/sparse-file.js';

type Implementation = (t: ExecutionContext) => Promise<void>;

function withFastboot(title: string, implementation: Implementation): void {
  if (hasProgram('fastboot')) test(title, implementation);
  else test.skip(`${title} (needs Debian's package fastboot)`, implementation);
}

function selectorOf({ protocol, host, port }: NetworkTarget): string {
  return `${protocol}:${host}:${String(port)}`;
}

function debian({ target }: TargetDesk, ...args: string[]): Promise<string> {
  return mustRun(['fastboot', '-s', selectorOf(target), ...args]);
}

const LIMIT_BYTES = 400_000;

/** Images of every form, larger than the board takes at once where that makes a difference. */
async function makeImages(dir: string): Promise<{ partition: string; path: string }[]> {
  const images = {
    boot: randomBytes(350_208),
    misc: Buffer.alloc(1024, 'bootonce-bootloader\0'),
    rootfs: sparseFile({
      blockBytes: 4096,
      chunks: [
        { kind: 'raw', data: randomBytes(409_600) },
        { kind: 'skip', blocks: 50 },
        { kind: 'fill', blocks: 300, word: 0 },
        { kind: 'fill', blocks: 20, word: 0xdeadbeef },
        { kind: 'raw', data: randomBytes(1_228_800) },
        { kind: 'skip', blocks: 7 },
      ],
    }),
  };
  return await Promise.all(
    Object.entries(images).map(async ([partition, bytes]) => {
      const path = join(dir, `${partition}.img`);
      await writeFile(path, bytes);
      return { partition, path };
    }),
  );
}

for (const protocol of ['tcp', 'udp'] as const) {
  withFastboot(`${protocol}: Debian's fastboot and ours write byte-identical disks`, async t => {
    const ours = await startTarget(t, protocol, { maxDownloadBytes: LIMIT_BYTES });
    const theirs = await startTarget(t, protocol, { maxDownloadBytes: LIMIT_BYTES });
    const images = await makeImages(ours.dir);
    await using client = await connectFastboot(ours.target);
    for (const { partition, path } of images) {
      await using image = await FileImage.open(path);
      await client.flash({ partition, image });
      await debian(theirs, 'flash', partition, path);
    }
    await client.erase('misc');
    await debian(theirs, 'erase', 'misc');
    t.true((await ours.disk()).equals(await theirs.disk()));
  });

  withFastboot(`${protocol}: a raw image over the limit ends up the same by Debian's fastboot and by ours`, async t => {
    const ours = await startTarget(t, protocol, { maxDownloadBytes: LIMIT_BYTES });
    const theirs = await startTarget(t, protocol, { maxDownloadBytes: LIMIT_BYTES });
    const path = join(ours.dir, 'raw.img');
    await writeFile(path, Buffer.concat([randomBytes(819_200), Buffer.alloc(819_200), randomBytes(819_200)]));
    await using client = await connectFastboot(ours.target);
    await using image = await FileImage.open(path);
    await client.flash({ partition: 'rootfs', image });
    await debian(theirs, 'flash', 'rootfs', path);
    t.true((await ours.disk()).equals(await theirs.disk()));
  });

  withFastboot(`${protocol}: Debian's fastboot and ours read the same variables`, async t => {
    const desk = await startTarget(t, protocol, { variables: { '.serialno': '0f1e2d3c4b5a6978' } });
    await using client = await connectFastboot(desk.target);
    const serialNumber = await client.getvar('serialno');
    await client.close();
    const { stderr } = await runProgram(['fastboot', '-s', selectorOf(desk.target), 'getvar', 'serialno']);
    t.is(/^serialno: (.*)$/m.exec(stderr.toString())?.[1], serialNumber);
  });
}
