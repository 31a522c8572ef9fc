import test from 'ava';
import { discover, type DiscoveryOptions } from '../../src/discovery/discover.js';
import { mdnsSource } from '../../src/discovery/mdns-source.js';
import { AbortedError } from '../../src/errors.js';
import type { Device } from '../../src/device/device.js';
import { answerWith, FakeResponder, LOOPBACK } from './fake-responder.js';

function search(responder: FakeResponder, options: DiscoveryOptions = {}): Promise<Device[]> {
  const sources = [mdnsSource({ port: responder.port, links: () => Promise.resolve([LOOPBACK]) })];
  return discover({ sources, ...options });
}

test('a board on loopback is found with its address and port', async t => {
  const responder = await FakeResponder.start(t, answerWith([{ name: 'swift-otter', sshPort: 2222 }]));
  t.deepEqual(await search(responder), [
    {
      name: 'swift-otter',
      state: 'unpaired',
      routes: [{ kind: 'ssh', medium: 'loopback', address: '127.0.0.1', port: 2222, interface: 'lo' }],
    },
  ]);
});

test('where nothing answers the list is empty and the search ends at its deadline', async t => {
  const responder = await FakeResponder.start(t);
  t.deepEqual(await search(responder, { timeoutMs: 300 }), []);
});

test('an aborted search throws AbortedError and leaves nothing behind', async t => {
  const responder = await FakeResponder.start(t);
  const controller = new AbortController();
  const searching = search(responder, { signal: controller.signal });
  controller.abort();
  await t.throwsAsync(searching, { instanceOf: AbortedError });
});
