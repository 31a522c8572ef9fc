// What `mdt flash` asks at a terminal, and what becomes of the answers.
import { once } from 'node:events';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { run } from '../../src/cli/main.js';
import { configPaths } from '../../src/config/paths.js';
import { loadKnownBoards } from '../../src/keys/known-boards.js';
import { fingerprint } from '../../src/keys/host-key.js';
import { FakeIo } from '../fakes/cli-io.js';
import { boardOnDesk, type BoardOnDesk } from '../fixtures/board-on-desk.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { readEmmc, SMALL_BOARD, testRelease, writeFolder } from '../flash/release.js';

interface Desk extends BoardOnDesk {
  readonly path: string;
  /** Runs `mdt flash …` and answers one question after the other. */
  readonly flash: (
    words: readonly string[],
    answers: readonly (readonly [question: RegExp, answer: 'y' | 'n'])[],
  ) => Promise<{ code: number; out: string; err: string }>;
}

async function desk(t: ExecutionContext): Promise<Desk> {
  const own = await boardOnDesk(t, { bootloader: SMALL_BOARD });
  return {
    ...own,
    path: await writeFolder(join(await tempDir(t), 'release'), testRelease()),
    flash: async (words, answers) => {
      const io = new FakeIo({ configDir: own.configDir, terminal: true });
      const running = run(['flash', ...words], io);
      for (const [question, answer] of answers) {
        const ended = running.then(code => {
          throw new Error(`It ended with ${String(code)} before it asked ${String(question)}: ${io.err}`);
        });
        ended.catch(() => undefined);
        while (!question.test(io.err)) await Promise.race([once(io.stderr, 'written'), ended]);
        // A question listens only when all of it stands there.
        await setImmediate();
        io.stdin.write(`${answer}\r`);
      }
      return { code: await running, out: io.out, err: io.err };
    },
  };
}

test('no to the first question: nothing is written, and the board runs on', async t => {
  const { board, path, flash } = await desk(t);
  const before = await readEmmc(board.emmc);
  const { code, out, err } = await flash(['-d', 'swift-otter', path], [[/Flash swift-otter with /, 'n']]);
  t.is(code, 0, err);
  t.is(out, '');
  t.regex(err, /Nothing was written\./);
  t.is(board.power, 'running');
  t.true((await readEmmc(board.emmc)).user.equals(before.user));
});

test('a new host key is trusted only if the user says so: else the pinned one stays', async t => {
  const { configDir, board, path, flash } = await desk(t);
  const pinned = async (): Promise<readonly string[]> =>
    (await loadKnownBoards(configPaths(configDir).knownBoardsFile)).map(({ hostKey }) => fingerprint(hostKey));
  const before = await pinned();
  const oldKey = fingerprint(board.hostKey);
  const declined = await flash(
    ['-d', 'swift-otter', '--verify', path],
    [
      [/Flash swift-otter with/, 'y'],
      [/shows a new host key, SHA256:/, 'n'],
    ],
  );
  t.is(declined.code, 4, declined.err);
  t.not(fingerprint(board.hostKey), oldKey);
  t.deepEqual(await pinned(), before);
});

test('what was interrupted goes on if the user says so', async t => {
  const { board, path, flash } = await desk(t);
  await board.reboot('bootloader');
  const words = ['-d', `tcp:${board.address}:${String(board.fastbootPort)}`, '--no-reboot', path];
  board.faults = { failSteps: ['erase:misc'] };
  t.is((await flash(words, [[/Flash tcp:\S+ with/, 'y']])).code, 7);
  board.faults = {};
  const { code, out, err } = await flash(words, [
    [/Flash tcp:\S+ with/, 'y'],
    [/interrupted after 4 of 7 steps\. Go on there\?/, 'y'],
  ]);
  t.is(code, 0, err);
  t.regex(out, /flashed in 3 steps/);
});
