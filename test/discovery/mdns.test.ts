import test from 'ava';
import dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { decodeResponse, encodeQuestions, SERVICE } from '../../src/discovery/mdns.js';
import { recordsOf, response } from './fake-responder.js';

const HEADER = [0, 0, 0x84, 0];
const OTTER = response(recordsOf({ name: 'swift-otter', txt: ['a=b'] }));

/** A response whose header announces `answers` records, and what follows it. */
function packet(answers: number, ...body: readonly (Buffer | number[])[]): Buffer {
  const counts = [0, 0, answers >> 8, answers & 0xff, 0, 0, 0, 0];
  return Buffer.concat([Buffer.from([...HEADER, ...counts]), ...body.map(part => Buffer.from(part))]);
}

/** Fields of a record behind its name. */
function tail(type: number, data: readonly number[], dataLength = data.length): number[] {
  return [0, type, 0, 1, 0, 0, 0, 120, dataLength >> 8, dataLength & 0xff, ...data];
}

const ROOT = [0];
const A_RECORD = tail(1, [192, 168, 100, 2]);

test('the records of a board are read as they were sent', t => {
  t.deepEqual(decodeResponse(OTTER), [
    { type: 'PTR', name: SERVICE, ttlSeconds: 120, flush: false, target: `swift-otter.${SERVICE}` },
    {
      type: 'SRV',
      name: `swift-otter.${SERVICE}`,
      ttlSeconds: 120,
      flush: true,
      target: 'swift-otter.local',
      port: 22,
    },
    { type: 'TXT', name: `swift-otter.${SERVICE}`, ttlSeconds: 120, flush: true, entries: ['a=b'] },
    { type: 'A', name: 'swift-otter.local', ttlSeconds: 120, flush: true, address: '127.0.0.1' },
  ]);
});

test('IPv6 addresses are read in their one spelling', t => {
  const [record] = decodeResponse(
    response([{ type: 'AAAA', name: 'x.local', ttl: 1, data: 'FE80:0:0:0:22:78FF:FE0D:F6DF' }]),
  );
  t.is(record?.type === 'AAAA' ? record.address : undefined, 'fe80::22:78ff:fe0d:f6df');
});

test('records of other types and classes are passed over, and what comes behind them is read', t => {
  const unknownType = tail(250, [1, 2, 3]);
  const otherClass = tail(1, [1, 2, 3, 4]).with(3, 3);
  const records = decodeResponse(packet(3, ROOT, unknownType, ROOT, otherClass, ROOT, A_RECORD));
  t.deepEqual(
    records.map(record => record.type),
    ['A'],
  );
});

const POINTER_TO_ITSELF = [0xc0, 12];
const POINTER_FORWARD = [0xc0, 14, 0xc0, 16, 0];
const POINTER_INTO_HEADER = [0xc0, 0];
const hostile: Readonly<Record<string, Buffer>> = {
  'an empty packet': Buffer.alloc(0),
  'half a header': Buffer.from(HEADER),
  'twelve bytes that announce 65535 records four times': Buffer.from([...HEADER, ...new Array<number>(8).fill(0xff)]),
  'a name that points at itself': packet(1, POINTER_TO_ITSELF, A_RECORD),
  'a name that points forward': packet(1, POINTER_FORWARD, A_RECORD),
  'a name that points into the header': packet(1, POINTER_INTO_HEADER, A_RECORD),
  'a pointer that is cut in half': packet(1, [0xc0]),
  'a name that runs into the end': packet(1, [63, 97, 97]),
  'a label of a reserved kind': packet(1, [0x80, 1], A_RECORD),
  'a name longer than 255 bytes': packet(
    1,
    new Array<number[]>(6).fill([63, ...new Array<number>(63).fill(97)]).flat(),
  ),
  'a PTR whose data points at itself': packet(1, ROOT, tail(12, [0xc0, 23])),
  'an SRV whose target points at itself': packet(1, ROOT, tail(33, [0, 0, 0, 0, 0, 22, 0xc0, 29])),
  'a record that is longer than the packet': packet(1, ROOT, tail(1, [1, 2, 3, 4], 400)),
  'an address of three bytes': packet(1, ROOT, tail(1, [1, 2, 3]), [4]),
  'an SRV of two bytes': packet(1, ROOT, tail(33, [0, 0])),
  'a TXT entry longer than its record': packet(1, ROOT, tail(16, [200, 65, 66])),
  'a PTR whose name ends before the record': packet(1, ROOT, tail(12, [1, 97, 0, 1, 98, 0])),
  'questions without end': Buffer.from([...HEADER, 0xff, 0xff, 0, 1, 0, 0, 0, 0, 0]),
  'a query': dnsPacket.encode({ type: 'query', answers: recordsOf({ name: 'swift-otter' }) }),
  'more than 9000 bytes': Buffer.concat([OTTER, Buffer.alloc(9000)]),
};
for (const [what, bytes] of Object.entries(hostile)) {
  test(`nothing is read from ${what}`, t => {
    t.deepEqual(decodeResponse(bytes), []);
  });
}

test('a chain of pointers is followed for sixteen jumps and no more', t => {
  // The data of a record of an unknown type holds the name `a`, and behind it pointers, each to the one before.
  const nameAt = 12 + ROOT.length + tail(250, []).length;
  const pointerAt = (index: number): number => (index === 0 ? nameAt : nameAt + 1 + 2 * index);
  const pointerTo = (index: number): number[] => [0xc0, pointerAt(index)];
  const chain = [1, 97, 0, ...Array.from({ length: 20 }, (_, index) => pointerTo(index)).flat()];
  const readAfter = (jumps: number): number =>
    decodeResponse(packet(2, ROOT, tail(250, chain), pointerTo(jumps - 1), A_RECORD)).length;
  t.deepEqual([readAfter(1), readAfter(2), readAfter(16), readAfter(17)], [1, 1, 1, 0]);
});

test('what came before the point where a packet is cut off is kept', t => {
  for (let length = 0; length < OTTER.length; length++) t.true(decodeResponse(OTTER.subarray(0, length)).length < 4);
  t.is(decodeResponse(OTTER.subarray(0, OTTER.length - 1)).length, 3);
});

test('a packet of thousands of records is read up to a limit', t => {
  const records = Array.from({ length: 590 }, () => [...ROOT, ...A_RECORD]).flat();
  const bytes = packet(590, records);
  t.true(bytes.length < 9000);
  t.is(decodeResponse(bytes).length, 512);
});

test('no bytes make the reader throw', t => {
  t.notThrows(() => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), bytes => {
        decodeResponse(Buffer.from([...HEADER, ...bytes]));
      }),
    );
  });
});

test('no change to an honest packet makes the reader throw or tell an address that is none', t => {
  const change = fc.tuple(fc.nat(OTTER.length - 1), fc.nat(255));
  t.notThrows(() => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), changes => {
        const bytes = Buffer.from(OTTER);
        for (const [offset, value] of changes) bytes[offset] = value;
        return decodeResponse(bytes).every(record => record.type !== 'A' || /^[\d.]{7,15}$/.test(record.address));
      }),
    );
  });
});

test('a question for unicast answers carries the QU bit, any other does not', t => {
  const questions = [
    { name: SERVICE, type: 'PTR' },
    { name: 'swift-otter.local', type: 'AAAA' },
  ] as const;
  const classesOf = (unicast: boolean): unknown[] =>
    dnsPacket.decode(encodeQuestions(questions, unicast) ?? Buffer.alloc(0)).questions?.map(asked => asked.class) ?? [];
  t.deepEqual(classesOf(false), ['IN', 'IN']);
  // dns-packet knows the class without the bit only.
  t.deepEqual(classesOf(true), ['UNKNOWN_32769', 'UNKNOWN_32769']);
});

test('a name that cannot be sent is not asked for', t => {
  const questions = ['', 'a..b', `${'x'.repeat(64)}.local`, new Array<string>(130).fill('aa').join('.')].map(name => ({
    name,
    type: 'A' as const,
  }));
  t.is(encodeQuestions(questions, true), undefined);
});
