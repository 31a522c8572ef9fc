import test from 'ava';
import { MdnsCache, type Arrival } from '../../src/discovery/mdns-cache.js';
import { decodeResponse, SERVICE, type MdnsRecord } from '../../src/discovery/mdns.js';
import { recordsOf, response, type FakeBoard } from './fake-responder.js';

const OTTER: FakeBoard = { name: 'swift-otter', address: '192.168.100.2', sshPort: 22 };

function records(board: FakeBoard, ttlSeconds = 120): MdnsRecord[] {
  return decodeResponse(response(recordsOf(board, ttlSeconds)));
}

function at(seconds: number, via: Arrival['via'] = 'multicast'): Arrival {
  return { now: seconds * 1000, via };
}

function namesAt(cache: MdnsCache, seconds: number): string[] {
  return cache.announcements(seconds * 1000).map(announcement => announcement.instance);
}

test('a board is there when its pointer, its port and an address are known', t => {
  const cache = new MdnsCache();
  const [pointer, service, text, address] = records({ ...OTTER, txt: ['keymaster-port=5000'] });
  for (const record of [pointer, service, text]) {
    cache.add(record ? [record] : [], at(0));
    t.deepEqual(namesAt(cache, 0), []);
  }
  cache.add(address ? [address] : [], at(0));
  t.deepEqual(cache.announcements(0), [
    { instance: 'swift-otter', port: 22, addresses: ['192.168.100.2'], entries: ['keymaster-port=5000'] },
  ]);
});

test('the order of the records in a packet does not matter', t => {
  const cache = new MdnsCache();
  cache.add(records(OTTER).reverse(), at(0));
  t.deepEqual(namesAt(cache, 0), ['swift-otter']);
});

test('names are compared without regard to case', t => {
  const cache = new MdnsCache();
  const shouted = records(OTTER).map(record => ({ ...record, name: record.name.toUpperCase() }));
  cache.add(shouted, at(0));
  t.deepEqual(namesAt(cache, 0), ['swift-otter']);
});

test('what is missing is asked for: first the service, then the addresses', t => {
  const cache = new MdnsCache();
  const [pointer, service] = records(OTTER);
  const missing = (): string[] => cache.missing(0).map(({ question }) => `${question.type} ${question.name}`);
  cache.add(pointer ? [pointer] : [], at(0));
  t.deepEqual(missing(), [`SRV swift-otter.${SERVICE}`, `TXT swift-otter.${SERVICE}`]);
  cache.add(service ? [service] : [], at(0));
  t.deepEqual(missing(), ['A swift-otter.local', 'AAAA swift-otter.local']);
  cache.add(records(OTTER), at(0));
  t.deepEqual(missing(), []);
});

for (const sshPort of [0, 65_536]) {
  test(`port ${String(sshPort)} is no port, and the board not reachable`, t => {
    const cache = new MdnsCache();
    const changed = records(OTTER).map(record => (record.type === 'SRV' ? { ...record, port: sshPort } : record));
    cache.add(changed, at(0));
    t.deepEqual(namesAt(cache, 0), []);
    t.deepEqual(cache.missing(0), []);
  });
}

test('a record ends with its lifetime', t => {
  const cache = new MdnsCache();
  cache.add(records(OTTER), at(0));
  t.deepEqual(namesAt(cache, 119), ['swift-otter']);
  t.deepEqual(namesAt(cache, 121), []);
});

test('a goodbye takes a board away within a second', t => {
  const cache = new MdnsCache();
  cache.add(records(OTTER), at(0));
  cache.add(records(OTTER, 0), at(10));
  t.deepEqual(namesAt(cache, 11), []);
});

test('a goodbye that is contradicted at once is none', t => {
  const cache = new MdnsCache();
  cache.add(records(OTTER), at(0));
  cache.add(records(OTTER, 0), at(10));
  cache.add(records(OTTER), at(10.1));
  t.deepEqual(namesAt(cache, 12), ['swift-otter']);
});

test('an address with the flush bit replaces the one before', t => {
  const cache = new MdnsCache();
  cache.add(records(OTTER), at(0));
  cache.add(records({ ...OTTER, address: '192.168.100.3' }), at(10));
  t.deepEqual(cache.announcements(12_000)[0]?.addresses, ['192.168.100.3']);
});

test('a unicast answer never shortens a lifetime that was told to everybody', t => {
  const cache = new MdnsCache();
  cache.add(records(OTTER), at(0));
  cache.add(records(OTTER, 10), at(1, 'unicast'));
  t.deepEqual(namesAt(cache, 60), ['swift-otter']);
  cache.add(records(OTTER, 0), at(61, 'unicast'));
  t.deepEqual(namesAt(cache, 62), []);
});

test('what may have been told on another interface adds no board, but keeps and ends one that is known', t => {
  const cache = new MdnsCache();
  t.true(cache.add(records(OTTER), at(0, 'unclear')));
  t.deepEqual(namesAt(cache, 0), []);
  cache.add(records(OTTER), at(0));
  cache.add(records(OTTER), at(100, 'unclear'));
  t.deepEqual(namesAt(cache, 200), ['swift-otter']);
  cache.add(records(OTTER, 0), at(201, 'unclear'));
  t.deepEqual(namesAt(cache, 202), []);
});

test('what is near its end is asked for again at 80, 85, 90 and 95 percent of its lifetime', t => {
  const cache = new MdnsCache();
  cache.add(records(OTTER, 100), at(0));
  t.is(cache.nextEventAt(), 80_000);
  t.deepEqual(cache.takeRefreshes(79_999), []);
  t.deepEqual(
    cache.takeRefreshes(80_000).map(({ type }) => type),
    ['PTR', 'SRV', 'TXT', 'A'],
  );
  t.deepEqual(cache.takeRefreshes(80_001), []);
  t.is(cache.nextEventAt(), 85_000);
  t.is(cache.takeRefreshes(96_000).length, 4);
  t.is(cache.nextEventAt(), 100_000);
});

test('other services and other hosts are not kept', t => {
  const cache = new MdnsCache();
  const printer = records({ name: 'printer' }).map(record => ({
    ...record,
    name: record.name.replace('googlemdt', 'ipp'),
  }));
  t.false(cache.add(printer, at(0)));
  t.is(cache.nextEventAt(), Infinity);
});

test('thousands of boards and addresses are kept up to a limit', t => {
  const cache = new MdnsCache();
  for (let index = 0; index < 1000; index++) cache.add(records({ name: `board-${String(index)}` }), at(0));
  t.is(namesAt(cache, 0).length, 256);
  for (let index = 0; index < 250; index++) {
    cache.add(records({ name: 'board-0', address: `10.0.0.${String(index)}` }), at(0));
    cache.add(records({ name: 'board-0', address: `fd00::${String(index + 1)}` }), at(0));
  }
  t.true((cache.announcements(0)[0]?.addresses.length ?? 0) <= 12);
  cache.add([], at(200));
  t.is(cache.nextEventAt(), Infinity);
});
