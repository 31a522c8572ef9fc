import { EventEmitter, once } from 'node:events';
import test from 'ava';
import type { Device } from '../../src/device/device.js';
import { mdnsSource } from '../../src/discovery/mdns-source.js';
import { compare, watch, type DeviceChange } from '../../src/discovery/watch.js';
import { answerWith, FakeResponder, LOOPBACK, recordsOf, response, type FakeBoard } from './fake-responder.js';

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

const OTTER: FakeBoard = { name: 'swift-otter' };

test('boards are told as they come, change and say goodbye', async t => {
  const boards = [OTTER];
  const responder = await FakeResponder.start(t, answerWith(boards));
  const watching = startWatching(responder);
  t.is(await watching.next(), 'added swift-otter');
  responder.announce(response(recordsOf({ name: 'jade-newt', sshPort: 2223 })));
  t.is(await watching.next(), 'added jade-newt');
  responder.announce(response(recordsOf({ name: 'jade-newt', sshPort: 2223, address: '10.1.2.3' })));
  t.is(await watching.next(), 'changed jade-newt');
  boards.pop();
  responder.announce(response(recordsOf(OTTER, 0)));
  t.is(await watching.next(), 'removed swift-otter');
  await watching.end();
  t.is(await watching.next(), 'end');
});

test('a board that is heard no more is removed when its records expire', async t => {
  const announced = response(recordsOf({ ...OTTER, ttlSeconds: 3 }));
  const responder = await FakeResponder.start(t, () => {
    if (responder.questions.length === 1) responder.announce(announced);
  });
  const watching = startWatching(responder);
  t.is(await watching.next(), 'added swift-otter');
  t.is(await watching.next(), 'removed swift-otter');
  await watching.end();
});

test('a board is asked again before its records expire, and stays', async t => {
  const announced = response(recordsOf({ ...OTTER, ttlSeconds: 6 }));
  const asked = new EventEmitter();
  const responder = await FakeResponder.start(t, question => {
    if (!question.legacy) responder.announce(announced);
    if (question.types.includes('SRV')) asked.emit('again');
  });
  const watching = startWatching(responder);
  t.is(await watching.next(), 'added swift-otter');
  const following = watching.next();
  for (let count = 0; count < 2; count++)
    t.not(await Promise.race([once(asked, 'again'), following]), 'removed swift-otter');
  await watching.end();
  t.is(await following, 'end');
});

test('watching ends when its signal aborts, also before the first board', async t => {
  const responder = await FakeResponder.start(t);
  const watching = startWatching(responder);
  const waiting = watching.next();
  await watching.end();
  t.is(await waiting, 'end');
});

test('watching with a signal that has aborted tells nothing', async t => {
  for await (const change of watch({ signal: AbortSignal.abort() })) t.fail(change.kind);
  t.pass();
});

function device(name: string, address: string, usbPort?: string): Device {
  const route = { kind: 'ssh', address, port: 22 } as const;
  return {
    name,
    state: 'unpaired',
    routes: [usbPort === undefined ? { ...route, medium: 'lan' } : { ...route, medium: 'usb-network', usbPort }],
  };
}

function kinds(before: readonly Device[], after: readonly Device[]): string[] {
  return compare(before, after).map(change => `${change.kind} ${change.device.name}`);
}

test('a board is the same after it has got another address, a cable or a name on its cable', t => {
  t.deepEqual(kinds([device('otter', '10.0.0.2')], [device('otter', '10.0.0.3')]), ['changed otter']);
  t.deepEqual(kinds([device('otter', '10.0.0.2')], [device('otter', '192.168.100.2', '1-1')]), ['changed otter']);
  t.deepEqual(kinds([device('', '192.168.100.2', '1-1')], [device('otter', '192.168.100.2', '1-1')]), [
    'changed otter',
  ]);
  t.deepEqual(kinds([device('', '10.0.0.2')], [device('', '10.0.0.2')]), []);
});

test('another board is another one: by its name, or by its cable', t => {
  t.deepEqual(kinds([device('otter', '10.0.0.2')], [device('newt', '10.0.0.2')]), ['removed otter', 'added newt']);
  t.deepEqual(kinds([device('otter', '192.168.100.2', '1-1')], [device('otter', '192.168.100.2', '1-2')]), [
    'removed otter',
    'added otter',
  ]);
});
