import { once } from 'node:events';
import { createServer } from 'node:net';
import test from 'ava';
import { listen } from '../../src/virtual-board/listen.js';

test('a port that a board has released is not given to another one, as long as there are others', async t => {
  const ports = new Set<number>();
  for (let count = 1; count <= 1000; count++) {
    const server = createServer();
    ports.add(await listen(server, '127.0.0.1', 0));
    server.close();
    await once(server, 'close');
  }
  t.is(ports.size, 1000);
});

test('a port of its own that somebody else still has is waited for', async t => {
  const other = createServer();
  const port = await listen(other, '127.0.0.1', 0);
  const server = createServer();
  const listening = listen(server, '127.0.0.1', port);
  await once(server, 'error');
  other.close();
  t.is(await listening, port);
  server.close();
});
