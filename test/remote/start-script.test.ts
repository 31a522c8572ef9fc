import test from 'ava';
import { LoginShellError, MissingProgramError } from '../../src/remote/login-trouble.js';
import { runScript } from '../../src/remote/run-script.js';
import { startScript } from '../../src/remote/start-script.js';
import { AbortedError, TimeoutError } from '../../src/errors.js';
import { sshdMissing } from '../fixtures/sshd.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { boardThatForces, boardWithShell, loginShells, shellMissing } from './login-shell.js';

const withSshd = sshdMissing === undefined ? test : test.skip;

/** Every kind of character that a shell may give a meaning to. */
const ODD = `a'b"c\\d!e$f\`g*h\n%i\\n\\033j\t~ é \udcff-end`;
const SCRIPT = `printf '%s|' "$@"; cat; echo "it's \\"done\\"!" >&2`;

for (const { shell, file, print } of loginShells) {
  const testShell = sshdMissing === undefined && !shellMissing(shell) ? test : test.skip;

  testShell(`with the login shell ${shell} a script runs, and its parameters keep every byte`, async t => {
    const session = await (await boardWithShell(t, shell)).open();
    const result = await runScript(session, { script: SCRIPT, args: [ODD, 7, ''] }, { input: 'input\n' });
    const odd = Buffer.concat([Buffer.from(ODD.replace('\udcff-end', '')), Buffer.from([0xff]), Buffer.from('-end')]);
    t.deepEqual(result.stdout, Buffer.concat([odd, Buffer.from('|7||input\n')]));
    t.deepEqual({ code: result.code, said: result.said }, { code: 0, said: `it's "done"!\n` });
  });

  testShell(`what ${file} prints is no part of the output`, async t => {
    const loginFile = [file, print('Welcome to 192.168.100.2')] as const;
    const session = await (await boardWithShell(t, shell, { loginFile })).open();
    const { stdout, said } = await runScript(session, { script: SCRIPT, args: ['x'] }, { input: 'y' });
    t.deepEqual([stdout.toString(), said], ['x|y', `it's "done"!\n`]);
  });
}

withSshd('what a login file prints on stderr is no part of what the script says', async t => {
  const session = await (await boardWithShell(t, '/bin/bash', { loginFile: ['.bashrc', 'no-such-program'] })).open();
  const { said } = await runScript(session, { script: 'echo own >&2' });
  t.is(said, 'own\n');
});

withSshd('a login file that reads a line cannot have one of the script', async t => {
  const board = await boardWithShell(t, '/bin/bash', { loginFile: ['.bashrc', 'read x'] });
  const session = await board.open();
  t.is((await runScript(session, { script: 'echo here' })).stdout.toString(), 'here\n');
  const error = await t.throwsAsync(startScript(session, { script: 'cat' }, { startTimeoutMs: 500 }), {
    instanceOf: TimeoutError,
  });
  t.regex(error.hint ?? '', /\.bashrc/);
});

withSshd('a login file that hangs is a timeout that names login files', async t => {
  const board = await boardWithShell(t, '/bin/bash', { loginFile: ['.bashrc', 'exec sleep 300'] });
  const starting = startScript(await board.open(), { script: 'true' }, { input: 'none', startTimeoutMs: 500 });
  const error = await t.throwsAsync(starting, { instanceOf: TimeoutError });
  t.regex(error.message, /waiting for the login shell of the board/);
  t.regex(error.hint ?? '', /login file/);
});

withSshd('an abort while a login file hangs ends the wait', async t => {
  const board = await boardWithShell(t, '/bin/bash', { loginFile: ['.bashrc', 'echo begun; exec sleep 300'] });
  const aborting = new AbortController();
  const starting = startScript(await board.open(), { script: 'true' }, { signal: aborting.signal });
  aborting.abort();
  await t.throwsAsync(starting, { instanceOf: AbortedError });
});

const refusals = [
  { what: 'a forced command', force: 'echo "You asked for: $SSH_ORIGINAL_COMMAND"; exit 3', answer: /You asked for/ },
  {
    what: 'a shell that admits nobody',
    force: '/usr/sbin/nologin',
    answer: /not available.*exit code 1/,
    hint: /nologin/,
  },
  { what: 'SFTP alone', force: 'internal-sftp', answer: /sftp connections only/, hint: /only SFTP/ },
  { what: 'a restricted shell', force: 'exec bash -r -c "$SSH_ORIGINAL_COMMAND"', answer: /restricted/, hint: /chsh/ },
  { what: 'a login that ends silently', force: 'exit 5', answer: /without an answer \(exit code 5\)/ },
] as const;

for (const { what, force, answer, ...rest } of refusals) {
  withSshd(`${what} is reported with the board's own words`, async t => {
    const board = await boardThatForces(t, { home: await tempDir(t), config: [`ForceCommand ${force}`] });
    const error = await t.throwsAsync(runScript(await board.open(), { script: 'echo no' }), {
      instanceOf: LoginShellError,
    });
    t.regex(error.message, answer);
    t.regex(error.hint ?? '', 'hint' in rest ? rest.hint : /ForceCommand/);
  });
}

withSshd('a program that the board lacks is named, and the script does not begin', async t => {
  const session = await (await boardWithShell(t, '/bin/bash')).open();
  const script = { script: 'echo begun', needs: ['sh', 'no-such-tar', 'cat', 'no-such-find'] };
  const error = await t.throwsAsync(runScript(session, script), { instanceOf: MissingProgramError });
  t.is(error.message, 'The board lacks a program that this needs: no-such-tar, no-such-find.');
});

withSshd('where the server allows one channel, scripts run one after the other', async t => {
  const board = await boardWithShell(t, '/bin/bash', { config: ['MaxSessions 1'] });
  const session = await board.open();
  const results = await Promise.all([1, 2, 3].map(n => runScript(session, { script: 'echo "$1"', args: [n] })));
  t.deepEqual(
    results.map(({ stdout }) => stdout.toString()),
    ['1\n', '2\n', '3\n'],
  );
});

withSshd('where the server allows one channel, a spare program makes room', async t => {
  const board = await boardWithShell(t, '/bin/bash', { config: ['MaxSessions 1'] });
  const session = await board.open();
  const spare = await startScript(session, { script: 'cat' }, { isSpare: true });
  t.is((await runScript(session, { script: 'echo other' })).stdout.toString(), 'other\n');
  t.false(spare.claim());
});

withSshd('a spare program that was claimed is left alone', async t => {
  const board = await boardWithShell(t, '/bin/bash');
  const program = await startScript(await board.open(), { script: 'cat' }, { isSpare: true });
  t.true(program.claim());
  program.stdin.end('through');
  t.is(Buffer.concat(await program.stdout.toArray()).toString(), 'through');
});

withSshd('gigabytes that a login file prints do not fill the memory', async t => {
  const board = await boardWithShell(t, '/bin/bash', { loginFile: ['.bashrc', 'yes | head -c 300000000'] });
  const before = process.memoryUsage.rss();
  t.is((await runScript(await board.open(), { script: 'echo end' })).stdout.toString(), 'end\n');
  t.true(process.memoryUsage.rss() - before < 150e6);
});
