import { DeskUser } from './desk-user.js';
import type { KeymasterFault } from './board.js';
import { startLab } from './lab.js';
import { labTest } from './lab-test.js';

/** Prints the keys that are on a board. */
const KEYS = 'cat /home/mendel/.ssh/authorized_keys 2>/dev/null || true';

labTest('the keymaster takes the first host; a second one is told what to do', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'] }] });
  const [first, second] = [await DeskUser.of(t, lab), await DeskUser.of(t, lab)];
  await first.must(['pair']);
  const refused = await second.mdt(['pair']);
  t.is(refused.code, 4, refused.stderr.toString());
  t.regex(refused.stderr.toString(), /unpair|authorized_keys|another host/i);
  t.is((await lab.board().shell(KEYS)).split('\n').length, 1);
});

labTest('the key for one board does not go to another that has the same address', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'] }, { links: ['usb'] }] });
  const user = await DeskUser.of(t, lab);
  for (const [chosen, other] of [lab.boards, [...lab.boards].reverse()] as const) {
    if (chosen === undefined || other === undefined) continue;
    await user.mdt(['pair', chosen.name]);
    t.is(await other.shell(KEYS), '', `the key for ${chosen.name} is on ${other.name}`);
    await chosen.shell('rm -f /home/mendel/.ssh/authorized_keys');
  }
});

labTest(
  'an address that two cables share leads to neither board that was never met, if it alone leads there',
  async t => {
    await using lab = await startLab({ boards: [{ links: ['usb'] }, { links: ['usb'] }] });
    for (const board of lab.boards) await board.shell('echo 1 >/proc/sys/net/ipv6/conf/usb0/disable_ipv6');
    const user = await DeskUser.of(t, lab);
    const refusals: string[] = [];
    for (const board of lab.boards) {
      const other = lab.boards.find(one => one !== board);
      const { code, stderr } = await user.mdt(['pair', board.name]);
      t.is(await other?.shell(KEYS), '', `the key for ${board.name} is on the other board`);
      if (code !== 0) refusals.push(stderr.toString());
      await board.shell('rm -f /home/mendel/.ssh/authorized_keys');
    }
    t.is(refusals.length, 1);
    t.regex(refusals[0] ?? '', /192\.168\.100\.2 leads to the board on another cable\.\nhint: .*IPv6/);
  },
);

const FAULTS: Readonly<Record<Exclude<KeymasterFault, 'none'>, RegExp>> = {
  '400': /refused the key \(400/,
  '500': /refused the key \(500/,
  silent: /did not answer/,
};
for (const [fault, told] of Object.entries(FAULTS) as [KeymasterFault, RegExp][]) {
  labTest(`a keymaster that answers ${fault === 'silent' ? 'nothing' : fault} is told as that`, async t => {
    await using lab = await startLab({ boards: [{ links: ['usb'], keymaster: 'none' }] });
    await lab.board().startKeymaster(fault);
    const user = await DeskUser.of(t, lab);
    const result = await user.mdt(['pair'], { timeoutMs: 60_000 });
    t.is(result.code, 4, result.stderr.toString());
    t.regex(result.stderr.toString(), told);
    t.is(await lab.board().shell(KEYS), '');
  });
}

labTest('a key is not pushed over a network that others may listen on, unless that is allowed', async t => {
  await using lab = await startLab({ boards: [{ links: ['lan'], keymaster: 'everywhere' }] });
  const user = await DeskUser.of(t, lab);
  const address = lab.board().address;
  const refused = await user.mdt(['pair', address]);
  t.is(refused.code, 4, refused.stderr.toString());
  t.is(await lab.board().shell(KEYS), '');
  await user.must(['pair', '--allow-network', address]);
  t.is(await user.must(['-d', address, 'exec', 'hostname']), `${lab.board().name}\n`);
});

labTest('the password lets a host in where the board takes passwords', async t => {
  await using lab = await startLab({ boards: [{ links: ['usb'], keymaster: 'none', passwordLogin: true }] });
  const user = await DeskUser.of(t, lab);
  await user.must(['pair']);
  t.is(await user.must(['exec', 'hostname']), `${lab.board().name}\n`);
  t.regex(await lab.board().shell(KEYS), / mdt$/);
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
  t.regex(refused.stderr.toString(), /pair --new-host-key/);
  await user.must(['pair', '--new-host-key', name]);
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
  const result = await user.mdt(['-d', lab.board().address, 'pull', 'x', '.'], { timeoutMs: 60_000 });
  t.is(result.code, 8, result.stderr.toString());
});
