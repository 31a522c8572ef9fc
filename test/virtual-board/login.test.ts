import { once } from 'node:events';
import { connect as dial, createServer, type AddressInfo } from 'node:net';
import test from 'ava';
import { closing } from '../fixtures/closing.js';
import { generateEd25519 } from '../../src/keys/openssh-key.js';
import ssh2, { type ClientChannel } from 'ssh2';
import { startVirtualBoard, type VirtualBoard } from '../../src/virtual-board/virtual-board.js';
import { collect, connect, pairedBoard } from './paired-board.js';

interface Attempt {
  /** The client's error; empty if it was let in. */
  readonly error: string;
  /** Methods that the server named after each refusal. */
  readonly offered: (readonly string[])[];
}

/** Logs in with what `steps` says, one after the other. */
async function attempt(board: VirtualBoard, steps: readonly ssh2.AnyAuthMethod[]): Promise<Attempt> {
  const client = new ssh2.Client();
  const offered: (readonly string[])[] = [];
  const rest = [...steps];
  const error = await new Promise<string>(resolve => {
    client.once('ready', () => {
      resolve('');
    });
    client.on('error', failure => {
      resolve(failure.message);
    });
    client.once('close', () => {
      resolve('closed');
    });
    client.connect({
      host: board.address,
      port: board.sshPort,
      username: 'mendel',
      authHandler: (methods, _partial, next) => {
        // Typed as always there; null before the first refusal.
        const named = methods as readonly string[] | null;
        if (named !== null) offered.push(named);
        next(rest.shift() ?? (false as never));
      },
    });
  });
  client.destroy();
  return { error, offered };
}

const password = { type: 'password', username: 'mendel', password: 'mendel' } as const;

test('only keys that the board knows are let in, and only public keys are offered', async t => {
  const { board, privateKey } = await pairedBoard(t);
  const stranger = await generateEd25519('stranger');
  const asKey = (key: string, username = 'mendel'): ssh2.PublicKeyAuthMethod => ({ type: 'publickey', username, key });
  const refused = await attempt(board, [asKey(stranger), password]);
  t.is(refused.error, 'All configured authentication methods failed');
  t.deepEqual(refused.offered, [['publickey'], ['publickey']]);
  t.is((await attempt(board, [asKey(privateKey)])).error, '');
  t.not((await attempt(board, [asKey(privateKey, 'root')])).error, '');
});

test('a key with options before it and one of another kind are found in authorized_keys', async t => {
  const { board } = await pairedBoard(t);
  const rsa = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048, comment: 'mdt' });
  await board.setAuthorizedKeys(['# a comment', `no-pty,command="x y" ${rsa.public}`]);
  t.deepEqual(await board.authorizedKeys(), [`no-pty,command="x y" ${rsa.public}`]);
  const client = await connect(board, rsa.private);
  client.end();
  await closing(client);
});

test('passwords work where the board allows them', async t => {
  await using board = await startVirtualBoard({ announce: false, allowPasswords: true });
  t.is((await attempt(board, [password])).error, '');
  const wrong = await attempt(board, [{ ...password, password: 'x' }]);
  t.deepEqual(wrong.offered, [['publickey', 'password']]);
});

test('too many failed logins end the connection', async t => {
  await using board = await startVirtualBoard({ announce: false });
  const { offered } = await attempt(
    board,
    Array.from({ length: 20 }, () => password),
  );
  t.is(offered.length, 5);
});

test('the server says what it is, after the software whose ways it has', async t => {
  await using board = await startVirtualBoard({ announce: false });
  const client = new ssh2.Client().on('error', () => undefined);
  const greeting = new Promise<string>(resolve => {
    client.connect({
      host: board.address,
      port: board.sshPort,
      username: 'mendel',
      debug: line => {
        if (line.startsWith('Remote ident')) resolve(line);
      },
    });
  });
  t.regex(await greeting, /OpenSSH_7\.9p1 mdt-virtual-board/);
  client.destroy();
});

test('a command has three streams, an exit status and the environment that sshd takes', async t => {
  const { exec, run } = await pairedBoard(t);
  t.deepEqual(await run('echo out; echo err >&2; exit 7'), {
    code: 7,
    signal: undefined,
    stdout: 'out\n',
    stderr: 'err\n',
  });
  t.is((await run('cat', Buffer.from('in'))).stdout, 'in');
  const channel = await exec('sleep 0.01; echo $LC_TEST,$SECRET,$TERM,$HOME,$USER,$SHELL; pwd', {
    env: { LC_TEST: 'yes', SECRET: 'no' },
  });
  t.is((await collect(channel)).stdout, 'yes,,,/home/mendel,mendel,/bin/bash\n/home/mendel\n');
});

test('many megabytes pass unchanged in both directions', async t => {
  const { run } = await pairedBoard(t);
  const data = Buffer.alloc(20_000_000, 'abcdefghijk');
  const sum = (await run('sha256sum', data)).stdout;
  t.is((await run('cat > big; sha256sum < big', data)).stdout, sum);
  t.is((await run('cat big | sha256sum')).stdout, sum);
  t.is((await run('cat big')).stdout.length, data.length);
});

test('a command that a signal ends is told as such, and one that kills itself too', async t => {
  const { exec, run } = await pairedBoard(t);
  const channel = await exec('echo ready; sleep 60');
  const ended = collect(channel);
  await once(channel, 'data');
  channel.signal('TERM');
  t.like(await ended, { code: null, signal: 'SIGTERM' });
  t.like(await run('kill -INT $$'), { code: null, signal: 'SIGINT' });
  t.like(await run("sh -c 'kill -9 $$'; echo $?"), { code: 0, stdout: '137\n' });
});

test('a command ends when its channel is closed', async t => {
  const { exec, run } = await pairedBoard(t);
  const channel = await exec('trap "echo cleaned > ~/left" EXIT; echo ready; cat > /dev/null; sleep 60');
  await once(channel, 'data');
  channel.close();
  const left = await run('until [ -s ~/left ]; do sleep 0.01; done; cat ~/left');
  t.is(left.stdout, 'cleaned\n');
});

test('a login stays open for what still writes to it, and not for what does not', async t => {
  const { run } = await pairedBoard(t);
  t.is((await run('(sleep 0.05; echo late) & echo early')).stdout, 'early\nlate\n');
  t.is((await run('nohup sleep 3600 > /dev/null 2>&1 & echo done')).stdout, 'done\n');
});

/** Types at a terminal and waits for what comes. */
class Typist {
  text = '';
  readonly #channel: ClientChannel;

  constructor(channel: ClientChannel) {
    this.#channel = channel;
    channel.on('data', (data: Buffer) => (this.text += data.toString()));
  }

  type(keys: string): void {
    this.#channel.write(keys);
  }

  /** Waits until `pattern` comes, then forgets what came so far. */
  async sees(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) await once(this.#channel, 'data');
    this.text = '';
  }
}

test('a shell at a terminal prompts, echoes, corrects lines and obeys Ctrl-C, Ctrl-D and resizing', async t => {
  const { board, client } = await pairedBoard(t);
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    client.shell({ term: 'xterm', rows: 24, cols: 80 }, (error, shell) => {
      if (error) reject(error);
      else resolve(shell);
    });
  });
  const ended = collect(channel);
  const typist = new Typist(channel);
  const prompt = new RegExp(`mendel@${board.name}:~\\$ $`);
  await typist.sees(prompt);
  typist.type('echo helxx\x7f\x7flo $TERM\r');
  await typist.sees(/lo \$TERM\r\nhello xterm\r\n.*\$ $/s);
  channel.setWindow(50, 132, 0, 0);
  typist.type('stty size\r');
  await typist.sees(/50 132\r\n/);
  typist.type('sleep 60\r');
  await typist.sees(/sleep 60\r\n/);
  typist.type('\x03');
  await typist.sees(/\^C\r\n.*\$ $/s);
  typist.type('echo $?\r');
  await typist.sees(/130\r\n/);
  typist.type('nothing typed\x15echo \x1b[Aup\r');
  await typist.sees(/\nup\r\n/);
  typist.type('if true\rthen echo more\rfi\r');
  await typist.sees(/> .*more\r\n/s);
  typist.type('cat\r');
  await typist.sees(/cat\r\n/);
  typist.type('line\r\x04');
  await typist.sees(/line\r\nline\r\n.*\$ $/s);
  typist.type('cd /etc; sudo bash\r');
  await typist.sees(new RegExp(`root@${board.name}:/etc# $`));
  typist.type('exit 3\r');
  await typist.sees(/etc\$ $/);
  typist.type('echo $?; exit 4\r');
  t.is((await ended).code, 4);
});

test('a command at a terminal gets one stream, and Ctrl-C ends it', async t => {
  const { exec } = await pairedBoard(t);
  const channel = await exec('echo out; echo err >&2; test -t 0 && echo terminal; sleep 60', {
    pty: { term: 'vt100' },
  });
  const ended = collect(channel);
  const typist = new Typist(channel);
  await typist.sees(/out\r\nerr\r\nterminal\r\n/);
  typist.type('\x03');
  const { signal, stderr } = await ended;
  t.deepEqual([signal, stderr], ['SIGINT', '']);
});

test('connections are forwarded to ports of the board and from them, not to other hosts', async t => {
  const { board, client } = await pairedBoard(t);
  const server = createServer(socket => socket.pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const forward = (host: string, to: number): Promise<ClientChannel> =>
    new Promise((resolve, reject) => {
      client.forwardOut('127.0.0.1', 1, host, to, (error, channel) => {
        if (error) reject(error);
        else resolve(channel);
      });
    });
  const channel = await forward('localhost', port);
  channel.end('there and back');
  const [echoed] = (await once(channel, 'data')) as [Buffer];
  t.is(echoed.toString(), 'there and back');
  await t.throwsAsync(forward('192.0.2.1', 22));
  await t.throwsAsync(forward('localhost', 1));

  const bound = await new Promise<number>((resolve, reject) => {
    client.forwardIn('127.0.0.1', 0, (error, chosen) => {
      if (error) reject(error);
      else resolve(chosen);
    });
  });
  client.once('tcp connection', (_details, accept) => {
    accept().end('hello from the host');
  });
  const socket = dial(bound, board.address);
  const [heard] = (await once(socket, 'data')) as [Buffer];
  t.is(heard.toString(), 'hello from the host');
  socket.destroy();
});
