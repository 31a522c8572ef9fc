import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '../program.js';
import { boardTest } from './board-test.js';

/** Makes a package with nothing in it, with Debian's own tool. */
async function makeDeb(folder: string, version: string, fields = ''): Promise<string> {
  const tree = join(folder, `tree-${version}`);
  await mkdir(join(tree, 'DEBIAN'), { recursive: true });
  const head = `Package: demo\nVersion: ${version}\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\n`;
  await writeFile(join(tree, 'DEBIAN', 'control'), `${head}${fields}Description: demo\n`);
  const file = join(folder, `demo_${version}_all.deb`);
  await mustRun(['dpkg-deb', '--root-owner-group', '-Zgzip', '--build', tree, file]);
  return file;
}

const INSTALLED = ['exec', 'dpkg-query', '-W', '-f', "'${Version}'", 'demo'] as const;

boardTest('a package is installed, and a lower version only where a downgrade is allowed', async (t, { user }) => {
  await user.must(['pair']);
  const [older, newer] = [await makeDeb(user.folder, '0.9'), await makeDeb(user.folder, '1.0')];
  t.is(await user.must(['install', newer]), 'Installed demo 1.0\n');
  const refused = await user.mdt(['install', older]);
  t.is(refused.code, 7, refused.stderr.toString());
  t.is(await user.must(INSTALLED), '1.0');
  t.is(await user.must(['install', '--allow-downgrade', older]), 'Installed demo 0.9\n');
  t.is(await user.must(INSTALLED), '0.9');
  t.regex(await user.must(['uninstall', 'demo']), /demo/);
  t.not((await user.mdt(INSTALLED)).code, 0);
});

boardTest('a dependency that cannot be had fails with its name, and leaves nothing behind', async (t, { user }) => {
  await user.must(['pair']);
  const file = await makeDeb(user.folder, '1.0', 'Depends: no-such-library\n');
  const left = (): Promise<string> => user.must(['exec', 'ls -A /tmp /home/mendel']);
  const before = await left();
  const { code, stderr } = await user.mdt(['install', file]);
  t.is(code, 7, stderr.toString());
  t.regex(stderr.toString(), /no-such-library/);
  t.is(await left(), before);
});
