import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { SshRoute } from '../../src/device/route.js';
import { AbortedError } from '../../src/errors.js';
import { keymasterPort, offerKey } from '../../src/pairing/keymaster.js';
import { refused } from '../fixtures/refused.js';

async function routeTo(t: ExecutionContext, server: Server): Promise<SshRoute> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(
    () =>
      new Promise<void>(resolve => {
        server.close(() => {
          resolve();
        });
      }),
  );
  return loopbackRoute((server.address() as AddressInfo).port);
}

function loopbackRoute(keymasterPort: number): SshRoute {
  return { kind: 'ssh', medium: 'loopback', address: '127.0.0.1', port: 22, keymasterPort };
}

async function answering(t: ExecutionContext, listener: RequestListener): Promise<SshRoute> {
  return routeTo(t, createHttpServer(listener));
}

test('the key is put whole, with its final newline and a content length', async t => {
  const seen: unknown[] = [];
  const route = await answering(t, (request, response) => {
    let body = '';
    request.setEncoding('latin1').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      seen.push(
        request.method,
        request.url,
        request.headers['content-length'],
        request.headers['transfer-encoding'],
        body,
      );
      response.end('Ok');
    });
  });
  t.deepEqual(await offerKey(route, 'ssh-rsa AAAA mdt'), { kind: 'accepted' });
  t.deepEqual(seen, ['PUT', '/', '17', undefined, 'ssh-rsa AAAA mdt\n']);
});

for (const status of [400, 500]) {
  test(`status ${String(status)} is a refusal with its text, made safe`, async t => {
    const route = await answering(t, (request, response) => {
      request.resume();
      response.writeHead(status).end('Invalid\u001b[2J key');
    });
    t.deepEqual(await offerKey(route, 'ssh-rsa AAAA mdt'), { kind: 'refused', status, text: 'Invalid[2J key' });
  });
}

test('an endless answer is read only a little', async t => {
  const route = await answering(t, (request, response) => {
    request.resume();
    response.writeHead(500);
    const pour = (): void => {
      if (!response.destroyed) response.write('x'.repeat(65_536), pour);
    };
    pour();
  });
  const answer = await offerKey(route, 'ssh-rsa AAAA mdt');
  t.is(answer.kind, 'refused');
  t.true(answer.kind === 'refused' && answer.text.length <= 201);
});

test('a keymaster that never answers is silent after the deadline', async t => {
  const route = await answering(t, request => request.resume());
  t.deepEqual(await offerKey(route, 'ssh-rsa AAAA mdt', { timeoutMs: 50 }), { kind: 'silent', timeoutMs: 50 });
});

test('what does not speak HTTP is garbage', async t => {
  const route = await routeTo(
    t,
    createTcpServer(socket => {
      socket.on('error', () => undefined).resume();
      socket.end('SSH-2.0-OpenSSH_7.9\r\n');
    }),
  );
  t.is((await offerKey(route, 'ssh-rsa AAAA mdt')).kind, 'garbage');
});

test('a closed port says that no keymaster listens', async t => {
  const server = createTcpServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  await refused(port);
  t.deepEqual(await offerKey(loopbackRoute(port), 'ssh-rsa AAAA mdt'), {
    kind: 'closed',
    text: 'nothing listens there',
  });
});

test('a key is not sent by another interface than the one that the board was seen on', async t => {
  const route = { kind: 'ssh', medium: 'lan', address: 'fe80::1', port: 22, interface: 'gone0' } as const;
  t.deepEqual(await offerKey(route, 'ssh-rsa AAAA test', { timeoutMs: 2 ** 31 - 1 }), {
    kind: 'closed',
    text: 'the interface is gone',
  });
});

test('the caller can end the offer', async t => {
  const route = await answering(t, request => request.resume());
  const controller = new AbortController();
  const offer = offerKey(route, 'ssh-rsa AAAA mdt', { signal: controller.signal });
  controller.abort();
  await t.throwsAsync(offer, { instanceOf: AbortedError });
});

test('another keymaster port than 41337 is believed on loopback only', t => {
  t.is(keymasterPort(loopbackRoute(5000)), 5000);
  t.is(keymasterPort({ kind: 'ssh', medium: 'lan', address: '192.168.1.7', port: 22, keymasterPort: 5000 }), 41_337);
});
