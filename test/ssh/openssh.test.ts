import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import anyTest, { type ExecutionContext } from 'ava';
import { ProtocolError } from '../../src/errors.js';
import { identityOf } from '../../src/keys/public-line.js';
import { AuthenticationError } from '../../src/ssh/connect-errors.js';
import { connect } from '../../src/ssh/connect.js';
import { newEd25519 } from '../fakes/ssh-server.js';
import { sshdMissing, startSshd } from '../fixtures/sshd.js';
import { peers } from './peers.js';

const test = (title: string, body: (t: ExecutionContext) => Promise<void>): void => {
  if (sshdMissing !== undefined) anyTest.skip(`OpenSSH: ${title} (skipped: ${sshdMissing})`, () => undefined);
  else anyTest(`OpenSSH: ${title}`, body);
};

const openssh = peers.find(({ name }) => name === 'OpenSSH');

const rsaKey = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
}).privateKey;

test('an RSA key logs in where signatures with SHA-1 are not allowed', async t => {
  const config = ['PubkeyAcceptedAlgorithms rsa-sha2-256'];
  const { port, username } = await startSshd(t, identityOf(rsaKey).publicLine, config);
  await using session = await connect(
    { host: '127.0.0.1', port },
    { username, credentials: [{ kind: 'key', privateKey: rsaKey }], verifyHostKey: () => undefined, timeoutMs: 60_000 },
  );
  t.deepEqual((await session.run('exit 7')).exit, { kind: 'exit', code: 7 });
});

test('a key that is not on the board is refused, and the methods of the board are told', async t => {
  const { port, username } = await startSshd(t, identityOf(newEd25519()).publicLine);
  const credentials = [
    { kind: 'key', privateKey: newEd25519() },
    { kind: 'password', password: 'mendel' },
  ] as const;
  const error = await t.throwsAsync(
    connect({ host: '127.0.0.1', port }, { username, credentials, verifyHostKey: () => undefined, timeoutMs: 60_000 }),
    { instanceOf: AuthenticationError },
  );
  t.deepEqual(error.methods, ['publickey']);
});

test('too many keys end in a refusal, not in a lost connection', async t => {
  const { port, username } = await startSshd(t, identityOf(newEd25519()).publicLine, ['MaxAuthTries 2']);
  const credentials = Array.from({ length: 6 }, () => ({ kind: 'key', privateKey: newEd25519() }) as const);
  await t.throwsAsync(
    connect({ host: '127.0.0.1', port }, { username, credentials, verifyHostKey: () => undefined, timeoutMs: 60_000 }),
    {
      instanceOf: AuthenticationError,
    },
  );
});

test('keys are renewed in the middle of a transfer, both ways', async t => {
  const config = ['RekeyLimit 1M', 'LogLevel DEBUG1'];
  const { port, username, log } = await startSshd(t, identityOf(rsaKey).publicLine, config);
  await using session = await connect(
    { host: '127.0.0.1', port },
    { username, credentials: [{ kind: 'key', privateKey: rsaKey }], verifyHostKey: () => undefined, timeoutMs: 60_000 },
  );
  const input = randomBytes(16 * 1024 * 1024);
  const { stdout } = await session.run('cat', { input, maxOutputBytes: input.length });
  t.true(stdout.equals(input));
  t.regex(log(), /rekey/);
});

test('a pty has the type and size it was asked for, and follows the window', async t => {
  const session = await (await openssh?.start(t))?.open();
  const pty = { term: 'xterm-256color', columns: 77, rows: 33 };
  const command = `trap 'stty size; exit 5' WINCH; echo $TERM; stty size; while :; do sleep 0.05; done`;
  const remote = await session?.exec(command, { pty });
  if (!remote) throw new Error('no session');
  remote.stderr.resume();
  let seen = '';
  remote.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
    if (seen.endsWith('33 77\r\n')) remote.resize({ columns: 120, rows: 40 });
  });
  t.deepEqual(await remote.exit, { kind: 'exit', code: 5 });
  t.is(seen, 'xterm-256color\r\n33 77\r\n40 120\r\n');
});

test('a shell takes what is typed', async t => {
  const session = await (await openssh?.start(t))?.open();
  const remote = await session?.shell({ pty: { term: 'dumb', columns: 80, rows: 24 }, env: { MDT_TEST: 'there' } });
  if (!remote) throw new Error('no session');
  remote.stdin.write('stty -echo; echo "[$MDT_TEST]"; exit 6\r');
  const chunks: Buffer[] = [];
  remote.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  remote.stderr.resume();
  t.deepEqual(await remote.exit, { kind: 'exit', code: 6 });
  t.regex(Buffer.concat(chunks).toString(), /^\[there\]/m);
});

test('the end of a terminal ends the program', async t => {
  const session = await (await openssh?.start(t))?.open();
  const remote = await session?.exec('echo ready; cat', { pty: { term: 'dumb', columns: 80, rows: 24 } });
  if (!remote) throw new Error('no session');
  await once(remote.stdout, 'readable');
  remote.close();
  t.deepEqual(await remote.exit, { kind: 'lost' });
});

for (const [what, config, offered, allow] of [
  [
    'key exchange',
    'KexAlgorithms diffie-hellman-group14-sha1',
    /offers diffie-hellman-group14-sha1\b/,
    /KexAlgorithms/,
  ],
  ['cipher', 'Ciphers aes128-cbc,aes256-cbc', /offers aes128-cbc, aes256-cbc/, /Ciphers/],
] as const) {
  test(`a server without a ${what} of ours is told with both lists and what to allow`, async t => {
    const { port, username } = await startSshd(t, identityOf(rsaKey).publicLine, [config]);
    const credentials = [{ kind: 'key', privateKey: rsaKey }] as const;
    const error = await t.throwsAsync(
      connect({ host: '127.0.0.1', port }, { username, credentials, verifyHostKey: () => undefined }),
      { instanceOf: ProtocolError },
    );
    t.regex(error.message, offered);
    t.regex(error.hint ?? '', allow);
    t.is(error.facts['what'], what);
  });
}

test('a server without a MAC of ours, for ciphers that need one, is told with both lists', async t => {
  const config = ['Ciphers aes128-ctr', 'MACs hmac-sha1,umac-64@openssh.com'];
  const { port, username } = await startSshd(t, identityOf(rsaKey).publicLine, config);
  const credentials = [{ kind: 'key', privateKey: rsaKey }] as const;
  const error = await t.throwsAsync(
    connect({ host: '127.0.0.1', port }, { username, credentials, verifyHostKey: () => undefined }),
    { instanceOf: ProtocolError },
  );
  t.regex(error.message, /no MAC in common: the board offers hmac-sha1, umac-64@openssh\.com/);
  t.regex(error.hint ?? '', /hmac-sha2-256/);
});
