import test from 'ava';
import { mdnsSource } from '../../src/discovery/mdns-source.js';
import { watch, type DeviceChange } from '../../src/discovery/watch.js';
import { answerWith, FakeResponder, LOOPBACK, recordsOf, response } from './fake-responder.js';

interface Watching {
  next(): Promise<string>;
  end(): Promise<void>;
}

function startWatching(responder: FakeResponder): Watching {
  const controller = new AbortController();
  const sources = [mdnsSource({ port: responder.port, links: () => Promise.resolve([LOOPBACK]) })];
  const changes = watch({ sources, signal: controller.signal });
  const tell = ({ kind, device }: DeviceChange): string => `${kind} ${device.name}`;
  return {
    next: async () => {
      const { value } = await changes.next();
      return value ? tell(value) : 'end';
    },
    end: async () => {
      controller.abort();
      await changes.return();
    },
  };
}

test('boards are told as they come and as they say goodbye', async t => {
  const otter = { name: 'swift-otter' };
  const boards = [otter];
  const responder = await FakeResponder.start(t, answerWith(boards));
  const watching = startWatching(responder);
  t.is(await watching.next(), 'added swift-otter');
  responder.announce(response(recordsOf({ name: 'jade-newt', sshPort: 2223 })));
  t.is(await watching.next(), 'added jade-newt');
  boards.pop();
  responder.announce(response(recordsOf(otter, 0)));
  t.is(await watching.next(), 'removed swift-otter');
  await watching.end();
  t.is(await watching.next(), 'end');
});

test('a board that is heard no more is removed when its records expire', async t => {
  const announced = response(recordsOf({ name: 'swift-otter', ttlSeconds: 1 }));
  const responder = await FakeResponder.start(t, () => {
    if (responder.questions.length === 1) responder.announce(announced);
  });
  const watching = startWatching(responder);
  t.is(await watching.next(), 'added swift-otter');
  t.is(await watching.next(), 'removed swift-otter');
  await watching.end();
});
