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

  declare('a package for another processor is refused before it is sent', async (t, board) => {
    const deb = join(await tempDir(t), 'other.deb');
    await writeDeb(deb, { control: CONTROL.replace('Architecture: all', 'Architecture: sparc') });
    const result = await mdt(board, ['install', deb]);
    t.is(result.code, 7, result.stderr.toString());
    t.regex(result.stderr.toString(), /sparc/);
  });
}
