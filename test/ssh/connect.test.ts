import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { connect as openSocket, createServer, type AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import {
  AbortedError,
  HostKeyChangedError,
  ProtocolError,
  TimeoutError,
  TransportError,
  UsageError,
} from '../../src/errors.js';
import { sameHostKey, type HostKey } from '../../src/keys/host-key.js';
import { connect, type ConnectOptions } from '../../src/ssh/connect.js';
import { AuthenticationError, ServerBusyError } from '../../src/ssh/connect-errors.js';
import { newEd25519, startFakeSshServer } from '../fakes/ssh-server.js';
import { startTcpProxy, startTcpServer } from '../fakes/tcp-server.js';
import { refused } from '../fixtures/refused.js';

const privateKey = newEd25519();

function options(overrides: Partial<ConnectOptions> = {}): ConnectOptions {
  return {
    username: 'mendel',
    credentials: [{ kind: 'key', privateKey }],
    verifyHostKey: () => undefined,
    timeoutMs: 20_000,
    ...overrides,
  };
}

const here = (port: number): { host: string; port: number } => ({ host: '127.0.0.1', port });

test('a session tells the host key and the software of the server', async t => {
  const server = await startFakeSshServer(t, { ident: 'OpenSSH_7.9p1 Debian-10' });
  const seen: HostKey[] = [];
  const verifyHostKey = (key: HostKey): void => {
    seen.push(key);
  };
  await using session = await connect(here(server.port), options({ verifyHostKey }));
  t.is(session.serverVersion, 'OpenSSH_7.9p1 Debian-10');
  t.is(session.hostKey.algorithm, 'ssh-ed25519');
  t.deepEqual(seen, [session.hostKey]);
  t.deepEqual(session.hostKey, server.hostKeys[0]);
});

test('the key is signed at once, without asking first', async t => {
  const server = await startFakeSshServer(t);
  await using session = await connect(here(server.port), options());
  t.truthy(session);
  const [login] = server.logins;
  t.is(server.logins.length, 1);
  t.true(login?.method === 'publickey' && login.signature !== undefined);
});

test('a server that cuts everything into single bytes is understood', async t => {
  const server = await startFakeSshServer(t);
  const proxy = await startTcpProxy(t, server.port, { pieceBytes: 1 });
  await using session = await connect(here(proxy.port), options());
  t.is((await session.run('echo hello')).stdout.toString(), 'hello\n');
});

test('the pinned kind of host key is asked for first', async t => {
  const rsa = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  }).privateKey;
  const server = await startFakeSshServer(t, { hostKeys: [newEd25519(), rsa] });
  await using first = await connect(here(server.port), options());
  t.is(first.hostKey.algorithm, 'ssh-ed25519');
  await using second = await connect(here(server.port), options({ hostKeyAlgorithm: 'ssh-rsa' }));
  t.is(second.hostKey.algorithm, 'ssh-rsa');
  const pinned = server.hostKeys[1];
  t.true(pinned !== undefined && sameHostKey(second.hostKey, pinned));
});

test('a way that is refused is the error of who refused it, and nothing is sent', async t => {
  const heard: Buffer[] = [];
  const server = await startTcpServer(t, socket => socket.on('data', data => heard.push(data)));
  const refusal = new TransportError('The wrong way.');
  const verifyPath = (ownAddress: string): Promise<void> => {
    t.is(ownAddress, '127.0.0.1');
    return Promise.reject(refusal);
  };
  t.is(await t.throwsAsync(connect(here(server.port), options({ verifyPath }))), refusal);
  await server.idle();
  t.deepEqual(heard, []);
});

for (const kind of ['at once', 'after thinking'] as const) {
  test(`a host key that is refused ${kind} gives the error of who refused it, and nobody logs in`, async t => {
    const server = await startFakeSshServer(t);
    const refusal = new HostKeyChangedError('another key');
    const verifyHostKey = (): Promise<void> | void => {
      if (kind === 'after thinking') return Promise.reject(refusal);
      throw refusal;
    };
    t.is(await t.throwsAsync(connect(here(server.port), options({ verifyHostKey }))), refusal);
    await server.idle();
    t.deepEqual(server.logins, []);
  });
}

test('credentials are tried in order until one is taken', async t => {
  const server = await startFakeSshServer(t, {
    onAuthentication: context => {
      if (context.method === 'password' && context.password === 'mendel') context.accept();
      else context.reject(['publickey', 'password']);
    },
  });
  const credentials = [
    { kind: 'key', privateKey },
    { kind: 'password', password: 'wrong' },
    { kind: 'password', password: 'mendel' },
  ] as const;
  await using session = await connect(here(server.port), options({ credentials }));
  t.truthy(session);
  t.deepEqual(
    server.logins.map(({ method }) => method),
    ['publickey', 'password', 'password'],
  );
});

test('a password is also given where the server asks for it in a dialogue', async t => {
  const server = await startFakeSshServer(t, {
    onAuthentication: context => {
      if (context.method !== 'keyboard-interactive') {
        context.reject(['keyboard-interactive']);
        return;
      }
      context.prompt([{ prompt: 'Password: ', echo: false }], answers => {
        if (answers[0] === 'mendel') context.accept();
        else context.reject();
      });
    },
  });
  const credentials = [{ kind: 'password', password: 'mendel' }] as const;
  await using session = await connect(here(server.port), options({ credentials }));
  t.truthy(session);
});

test('a login that is refused tells which methods the server takes', async t => {
  const server = await startFakeSshServer(t, {
    onAuthentication: context => {
      context.reject(['publickey', 'hostbased']);
    },
  });
  const error = await t.throwsAsync(connect(here(server.port), options()), { instanceOf: AuthenticationError });
  t.deepEqual(error.methods, ['publickey', 'hostbased']);
  t.deepEqual(error.facts['methods'], ['publickey', 'hostbased']);
  t.is(error.exitCode, 4);
  await server.idle();
});

test('without credentials the server is asked what it takes', async t => {
  const server = await startFakeSshServer(t);
  const error = await t.throwsAsync(connect(here(server.port), options({ credentials: [] })), {
    instanceOf: AuthenticationError,
  });
  t.deepEqual(error.methods, ['publickey']);
});

test('a password is not sent to a server that does not take passwords', async t => {
  const server = await startFakeSshServer(t, {
    onAuthentication: context => {
      context.reject(['publickey']);
    },
  });
  const credentials = [
    { kind: 'key', privateKey },
    { kind: 'password', password: 'secret' },
  ] as const;
  await t.throwsAsync(connect(here(server.port), options({ credentials })), { instanceOf: AuthenticationError });
  t.deepEqual(
    server.logins.map(({ method }) => method),
    ['publickey'],
  );
});

test('a private key that cannot be read is refused before anything is sent', async t => {
  const server = await startFakeSshServer(t);
  const credentials = [{ kind: 'key', privateKey: 'nonsense' }] as const;
  await t.throwsAsync(connect(here(server.port), options({ credentials })), { instanceOf: UsageError });
  await server.idle();
  t.deepEqual(server.logins, []);
});

test('a port where nothing listens is a transport error with its code', async t => {
  const closed = createServer();
  await new Promise<void>(resolve => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise(resolve => closed.close(resolve));
  await refused(port);
  const error = await t.throwsAsync(connect(here(port), options()), { instanceOf: TransportError });
  t.is(error.facts['code'], 'ECONNREFUSED');
});

test('an interface that is gone is an error at once, and no other one is taken', async t => {
  const error = await t.throwsAsync(connect({ host: 'fe80::1%gone0', port: 22 }, options()), {
    instanceOf: TransportError,
    message: 'Cannot connect to fe80::1%gone0: the interface is gone.',
  });
  t.is(error.facts['code'], 'ENODEV');
});

test('a server that accepts and says nothing runs into the deadline, which says so', async t => {
  const server = await startTcpServer(t, socket => socket.resume());
  const error = await t.throwsAsync(connect(here(server.port), options({ timeoutMs: 1500 })), {
    instanceOf: TimeoutError,
  });
  t.regex(error.message, /accepts connections and says nothing/);
  await server.idle();
});

test('a server that hangs up at once, or in the middle of its line, has closed the connection', async t => {
  for (const said of ['', 'SSH-2.0-Open']) {
    const server = await startTcpServer(t, socket => socket.resume().end(said));
    const error = await t.throwsAsync(connect(here(server.port), options()));
    t.true(said === '' ? error instanceof ServerBusyError : error instanceof ProtocolError, error.message);
    await server.idle();
  }
});

for (const [kind, said] of [
  ['limit', 'Exceeded MaxStartups\r\n'],
  ['penalty', 'Not allowed at this time\r\n'],
] as const) {
  test(`OpenSSH that says "${said.trim()}" is busy, and does not speak something else`, async t => {
    const server = await startTcpServer(t, socket => socket.resume().end(said));
    const error = await t.throwsAsync(connect(here(server.port), options()), { instanceOf: ServerBusyError });
    t.is(error.kind, kind);
    t.is(error.exitCode, 8);
  });
}

test('a connection that is reset before the greeting is that of a busy server', async t => {
  const server = await startTcpServer(t, socket => socket.resetAndDestroy());
  await t.throwsAsync(connect(here(server.port), options()), { instanceOf: ServerBusyError });
});

test('messages call the server what they are asked to', async t => {
  const server = await startTcpServer(t, socket => socket.resume().end());
  const error = await t.throwsAsync(connect(here(server.port), options({ peer: 'swift-otter' })));
  t.regex(error.message, /^swift-otter closed the connection/);
});

test('nobody logs in before the greeting has been answered for, and a refusal of it closes the connection', async t => {
  const server = await startFakeSshServer(t);
  const seen: number[] = [];
  const session = await connect(
    here(server.port),
    options({
      onGreeting: async () => {
        // Time enough for a login, if there were one.
        await connect(here(server.port), options()).then(other => other.close());
        seen.push(server.logins.length);
      },
    }),
  );
  await session.close();
  t.deepEqual([...seen, server.logins.length], [1, 2]);
  const refusal = new AbortedError();
  const onGreeting = (): Promise<void> => Promise.reject(refusal);
  t.is(await t.throwsAsync(connect(here(server.port), options({ onGreeting }))), refusal);
  await server.idle();
});

test('a server that speaks something else is quoted, without what could hurt a terminal', async t => {
  const server = await startTcpServer(t, socket => socket.resume().end('HTTP/1.1 400 \u001b[31mBad Request\r\n\r\n'));
  const error = await t.throwsAsync(connect(here(server.port), options()), { instanceOf: ProtocolError });
  t.regex(error.message, /does not speak SSH: it said "HTTP\/1\.1 400 \[31mBad Request/);
  t.true(Buffer.isBuffer(error.facts['bytes']));
});

for (const [name, piece] of [
  ['one line', Buffer.alloc(4096, 'a')],
  ['many lines', Buffer.from('welcome\r\n'.repeat(500))],
  ['an identification', Buffer.from(`SSH-2.0-${'a'.repeat(4000)}`)],
] as const) {
  test(`a greeting of ${name} that never ends is cut off`, async t => {
    const server = await startTcpServer(t, socket => {
      const send = (): void => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.resume().on('drain', send);
      send();
    });
    await t.throwsAsync(connect(here(server.port), options()), { instanceOf: ProtocolError });
    await server.idle();
  });
}

test('lines before the identification are left out', async t => {
  const server = await startFakeSshServer(t);
  const greeting = await startTcpServer(t, client => {
    client.write('Welcome to the jungle\r\nplease wait\n');
    const upstream = openSocket(server.port, '127.0.0.1');
    upstream.on('error', () => undefined);
    upstream.pipe(client).pipe(upstream);
  });
  await using session = await connect(here(greeting.port), options());
  t.is((await session.run('echo in')).stdout.toString(), 'in\n');
});

test('garbage after the identification is a protocol error', async t => {
  const noise = randomBytes(4000);
  // A packet that claims to be longer than any may be.
  noise.writeUInt32BE(0x7f_ff_ff_ff, 0);
  const server = await startTcpServer(t, socket => {
    socket.resume().write(Buffer.concat([Buffer.from('SSH-2.0-noise\r\n'), noise]));
  });
  await t.throwsAsync(connect(here(server.port), options()), { instanceOf: ProtocolError });
  await server.idle();
});

test('a server that offers no algorithm of ours, or an old version, is a protocol error', async t => {
  const server = await startTcpServer(t, socket => socket.resume().write('SSH-1.5-ancient\r\n'));
  await t.throwsAsync(connect(here(server.port), options()), { instanceOf: ProtocolError });
});

test('a connection that is cut anywhere before the login ends is a clear error', async t => {
  const server = await startFakeSshServer(t);
  for (const cutAfterBytes of [10, 40, 300, 1000, 1100, 1300, 1400]) {
    const proxy = await startTcpProxy(t, server.port, { cutAfterBytes });
    const error = await t.throwsAsync(connect(here(proxy.port), options()), undefined, String(cutAfterBytes));
    t.true(
      error instanceof TransportError || error instanceof ProtocolError,
      `${String(cutAfterBytes)}: ${String(error)}`,
    );
    await proxy.idle();
  }
  await server.idle();
});

interface StuckServer {
  readonly port: number;
  readonly idle: () => Promise<void>;
}

/** Servers at which a connection gets to a certain stage, tells it, and stays there. */
const stages: Readonly<Record<string, (t: ExecutionContext, onReached: () => void) => Promise<StuckServer>>> = {
  greeting: async (t, onReached) => startTcpServer(t, socket => socket.once('data', onReached)),
  'key exchange': async (t, onFrozen) =>
    startTcpProxy(t, (await startFakeSshServer(t)).port, { freezeAfterBytes: 100, onFrozen }),
  login: async (t, onAuthentication) => startFakeSshServer(t, { onAuthentication }),
};

for (const [stage, start] of Object.entries(stages)) {
  test(`in the stage of ${stage}, an abort ends the connection`, async t => {
    const abort = new AbortController();
    const server = await start(t, () => {
      abort.abort();
    });
    await t.throwsAsync(connect(here(server.port), options({ signal: abort.signal })), { instanceOf: AbortedError });
    await server.idle();
  });

  test(`in the stage of ${stage}, the deadline ends the connection`, async t => {
    const server = await start(t, () => undefined);
    await t.throwsAsync(connect(here(server.port), options({ timeoutMs: 500 })), { instanceOf: TimeoutError });
    await server.idle();
  });
}

test('while the host key is being checked, an abort ends the connection', async t => {
  const server = await startFakeSshServer(t);
  const abort = new AbortController();
  const verifyHostKey = async (): Promise<void> => {
    abort.abort();
    await new Promise(resolve => setImmediate(resolve));
  };
  await t.throwsAsync(connect(here(server.port), options({ verifyHostKey, signal: abort.signal })), {
    instanceOf: AbortedError,
  });
  await server.idle();
  t.deepEqual(server.logins, []);
});

test('an abort before the beginning opens nothing', async t => {
  const server = await startFakeSshServer(t);
  await t.throwsAsync(connect(here(server.port), options({ signal: AbortSignal.abort() })), {
    instanceOf: AbortedError,
  });
  t.is(server.openConnections(), 0);
});
