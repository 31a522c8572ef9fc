import { boardTest } from './board-test.js';
import { DeskUser } from '../desk-user.js';

boardTest('a board is paired over USB, and every command after that logs in once', async (t, { lab, user }) => {
  t.regex(await user.must(['pair', lab.board.name]), /is paired \(by keymaster\)/);
  const logins = async (): Promise<number> => {
    const log = await user.must(['exec', '--', 'sudo', 'journalctl', '-u', 'ssh', '-o', 'cat', '--no-pager']);
    return log.split('\n').filter(line => line.startsWith('Accepted publickey')).length;
  };
  const before = await logins();
  await user.must(['exec', 'true']);
  await user.must(['exec', 'true']);
  t.is(await logins(), before + 3);
});

boardTest(
  'over the LAN a board that nobody has paired is not said to be paired by another host',
  async (t, { lab, user }) => {
    const { code, stderr } = await user.mdt(['pair', lab.board.lanAddress]);
    t.is(code, 4, stderr.toString());
    t.notRegex(stderr.toString(), /another host/i);
    t.regex(stderr.toString(), /USB/);
  },
);

boardTest('a second host is refused over USB, and comes in by the console', async (t, { lab, user }) => {
  await user.must(['pair', lab.board.name]);
  const second = await DeskUser.of(t, lab);
  const refused = await second.mdt(['pair', lab.board.name]);
  t.is(refused.code, 4, refused.stderr.toString());
  t.regex(refused.stderr.toString(), /another host/i);
  t.regex(await second.must(['pair', '--console', lab.board.console]), /is paired \(by console\)/);
  t.is(await second.must(['exec', '-d', lab.board.name, 'hostname']), `${lab.board.name}\n`);
});

boardTest('after resetkeys any host can pair again, at once', async (t, { lab, user }) => {
  await user.must(['pair', lab.board.name]);
  await user.must(['resetkeys', lab.board.name]);
  const second = await DeskUser.of(t, lab);
  t.regex(await second.must(['pair', lab.board.name]), /is paired \(by keymaster\)/);
});
