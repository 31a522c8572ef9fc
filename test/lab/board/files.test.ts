import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boardTest } from './board-test.js';

boardTest('files go to the board and come back the same', async (t, { user }) => {
  await user.must(['pair']);
  const at = (...parts: string[]): string => join(user.folder, ...parts);
  const bytes = Buffer.alloc(3_000_000, 'Coral\n');
  await mkdir(at('app', 'deep'), { recursive: true });
  await writeFile(at('app', 'deep', 'big.bin'), bytes);
  await writeFile(at('app', 'an odd name; $(x).txt'), 'odd');
  await user.must(['push', at('app'), 'copy/']);
  await user.must(['pull', 'copy/app', at('back/')]);
  t.true(bytes.equals(await readFile(at('back', 'app', 'deep', 'big.bin'))));
  t.is(await readFile(at('back', 'app', 'an odd name; $(x).txt'), 'utf8'), 'odd');
});

boardTest('what the kernel makes up as it is read arrives whole', async (t, { user }) => {
  await user.must(['pair']);
  const out = join(user.folder, 'out');
  await user.must(['pull', '/proc/cpuinfo', '/proc/self/mounts', '/sys/class/net/lo/mtu', `${out}/`]);
  t.regex(await readFile(join(out, 'cpuinfo'), 'utf8'), /^processor\s*: 0\n/);
  t.regex(await readFile(join(out, 'mounts'), 'utf8'), / \/ ext4 /);
  t.is(await readFile(join(out, 'mtu'), 'utf8'), '65536\n');
});

boardTest('a login file that prints does not get into what is copied', async (t, { user }) => {
  await user.must(['pair']);
  await user.must(['exec', "sed -i '1i echo Welcome; read -t 1 x' ~/.bashrc"]);
  const file = join(user.folder, 'a.txt');
  await writeFile(file, 'content');
  await user.must(['push', file]);
  await user.must(['pull', 'a.txt', join(user.folder, 'back/')]);
  t.is(await readFile(join(user.folder, 'back', 'a.txt'), 'utf8'), 'content');
  t.is((await user.mdt(['model', 'list'])).code, 0);
});
