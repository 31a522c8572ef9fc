import { DeskUser } from './desk-user.js';
import type { KeymasterFault } from './board.js';
import { startLab } from './lab.js';
import { labTest } from './lab-test.js';

labTest('the keymaster takes the first host; a second one is told what to do', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'] }] });
  const [first, second] = [await DeskUser.of(t, lab), await DeskUser.of(t, lab)];
  await first.must(['pair']);
  const refused = await second.mdt(['pair']);
  t.is(refused.code, 4, refused.stderr.toString());
  t.regex(refused.stderr.toString(), /unpair|authorized_keys|another host/i);
  t.is((await lab.board().shell('cat /home/mendel/.ssh/authorized_keys')).split('\n').length, 1);
});

const FAULTS: Readonly<Record<Exclude<KeymasterFault, 'none'>, number>> = { '400': 4, '500': 4, silent: 8 };
for (const [fault, code] of Object.entries(FAULTS) as [KeymasterFault, number][]) {
  labTest(`a keymaster that answers ${fault === 'silent' ? 'nothing' : fault} is told as that`, async t => {
    await using lab = await startLab({ boards: [{ links: ['usb'], keymaster: 'none' }] });
    await lab.board().startKeymaster(fault);
    const user = await DeskUser.of(t, lab);
    const result = await user.mdt(['pair'], { timeoutMs: 40_000 });
    t.is(result.code, code, result.stderr.toString());
    if (fault !== 'silent') t.regex(result.stderr.toString(), new RegExp(fault));
    t.is(await lab.board().shell('cat /home/mendel/.ssh/authorized_keys 2>/dev/null || true'), '');
  });
}

labTest('a key is not pushed over a network that others may listen on, unless that is allowed', async t => {
  await using lab = await startLab({ boards: [{ links: ['lan'], keymaster: 'everywhere' }] });
  const user = await DeskUser.of(t, lab);
  const address = lab.board().address;
  const refused = await user.mdt(['pair', address]);
  t.is(refused.code, 4, refused.stderr.toString());
  t.regex(refused.stderr.toString(), /--allow-network/);
  t.is(await lab.board().shell('cat /home/mendel/.ssh/authorized_keys 2>/dev/null || true'), '');
  await user.must(['pair', '--allow-network', address]);
  t.is(await user.must(['-d', address, 'exec', 'hostname']), `${lab.board().name}\n`);
});

labTest('the password lets a host in where the board takes passwords', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'], keymaster: 'none', passwordLogin: true }] });
  const user = await DeskUser.of(t, lab);
  await user.must(['pair']);
  t.is(await user.must(['exec', 'hostname']), `${lab.board().name}\n`);
  t.regex(await lab.board().shell('cat /home/mendel/.ssh/authorized_keys'), / mdt$/);
});

labTest('a board with another host key than the pinned one is refused until it is paired again', async t => {
  await using lab = await startLab({ boards: [{ links: ['lan', 'usb'] }] });
  const user = await DeskUser.of(t, lab);
  const { name } = lab.board();
  await user.must(['pair', name]);
  await lab.board().changeHostKeys();
  const refused = await user.mdt(['-d', name, 'push', '/etc/hostname']);
  t.is(refused.code, 4, refused.stderr.toString());
  t.regex(refused.stderr.toString(), /host key/i);
  t.is((await user.mdt(['-d', name, 'exec', 'true'])).code, 255);
  await user.must(['unpair', name]);
  await user.must(['pair', name]);
  await user.must(['-d', name, 'exec', 'true']);
});

labTest('a board that accepts connections and says nothing is a timeout', async t => {
  await using lab = await startLab({ boards: [{ links: ['lan'], announce: false }] });
  const user = await DeskUser.of(t, lab);
  await lab.board().killSshd();
  const silent = lab
    .board()
    .namespace.spawn([
      '/run/lab/node',
      '-e',
      'require("node:net").createServer(() => undefined).listen(22, () => console.error("listening"))',
    ]);
  await new Promise(resolve => silent.stderr.once('data', resolve));
  const result = await user.mdt(['-d', lab.board().address, 'pull', 'x', '.'], { timeoutMs: 40_000 });
  t.is(result.code, 8, result.stderr.toString());
});
