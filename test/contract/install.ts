import { join } from 'node:path';
import { HELLO_CONTROL, writeDeb } from '../files/deb-fixture.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { mdt } from './board-under-test.js';
import type { ContractTest } from './contract.js';

const CONTROL = HELLO_CONTROL.replace(/^Depends:.*\n .*\n/m, '');

export function installContract(declare: ContractTest): void {
  declare(
    'a package is installed, whatever its file is called, and removed again',
    async (t, board) => {
      const deb = join(await tempDir(t), "hello 'coral'.deb");
      await writeDeb(deb, { control: CONTROL });
      const installed = await mdt(board, ['install', deb]);
      t.is(installed.code, 0, installed.stderr.toString());
      t.is((await mdt(board, ['exec', 'cat /usr/share/hello-coral'])).stdout.toString(), 'hello\n');
      const removed = await mdt(board, ['uninstall', 'hello-coral']);
      t.is(removed.code, 0, removed.stderr.toString());
      t.not((await mdt(board, ['exec', 'test -e /usr/share/hello-coral'])).code, 0);
    },
    'a board to install on',
  );

  declare(
    'exactly the version of a file is installed, an earlier one only if that is allowed',
    async (t, board) => {
      const folder = await tempDir(t);
      const [later, earlier] = ['2.0', '1.9'].map(version => join(folder, `${version}.deb`)) as [string, string];
      await writeDeb(later, { control: CONTROL.replace(/^Version: .*$/m, 'Version: 2.0') });
      await writeDeb(earlier, { control: CONTROL.replace(/^Version: .*$/m, 'Version: 1.9') });
      const traces = async (): Promise<string> =>
        (await mdt(board, ['exec', 'ls -A /tmp ~ | grep -v "^mdt-test"'])).stdout.toString();
      const before = await traces();
      const first = await mdt(board, ['install', later]);
      t.is(first.code, 0, first.stderr.toString());
      const refused = await mdt(board, ['install', earlier]);
      t.is(refused.code, 7, refused.stderr.toString());
      t.regex(refused.stderr.toString(), /The board has hello-coral 2\.0, which is later than 1\.9/);
      const allowed = await mdt(board, ['install', '--allow-downgrade', earlier]);
      t.is(allowed.code, 0, allowed.stderr.toString());
      t.regex(allowed.stdout.toString(), /^Installed hello-coral 1\.9$/m);
      const version = await mdt(board, ['exec', "dpkg-query -W -f '${Version}' hello-coral"]);
      t.is(version.stdout.toString(), '1.9');
      t.is((await mdt(board, ['uninstall', 'hello-coral'])).code, 0);
      const absent = await mdt(board, ['uninstall', 'hello-coral']);
      t.is(absent.code, 7);
      t.regex(absent.stderr.toString(), /The board has no package hello-coral/);
      t.is(await traces(), before);
    },
    'a board to install on',
  );

  declare('a package for another processor is refused before it is sent', async (t, board) => {
    const deb = join(await tempDir(t), 'other.deb');
    await writeDeb(deb, { control: CONTROL.replace('Architecture: all', 'Architecture: sparc') });
    const result = await mdt(board, ['install', deb]);
    t.is(result.code, 7, result.stderr.toString());
    t.regex(result.stderr.toString(), /sparc/);
  });
}
