import { boardTest } from './board-test.js';

boardTest(
  'a board that boots for the first time can be waited for and paired',
  async (t, { lab, user }) => {
    await user.must(['wait-for-device', lab.board.name, '--timeout', '120']);
    t.regex(await user.must(['pair', lab.board.name]), /is paired/);
    t.is(await user.must(['exec', 'hostname']), `${lab.board.name}\n`);
  },
  { isCold: true },
);
