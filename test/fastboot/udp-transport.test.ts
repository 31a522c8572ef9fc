import test, { type ExecutionContext } from 'ava';
import { AbortedError, ProtocolError, TimeoutError, TransportError } from '../../src/errors.js';
import { connectFastboot } from '../../src/fastboot/connect.js';
import { settle } from '../../src/fastboot/udp-stale.js';
import { UdpTransport, type UdpOptions } from '../../src/fastboot/udp-transport.js';
import { udpPeer, type WireLine } from '../fakes/fastboot/scripted-peer.js';

const deadline = { operation: 'talking', timeoutMs: 20_000 };

/** A packet by its header in hexadecimal (id, flags, sequence number) and its data. */
function packet(header: string, data: string | Buffer = ''): Buffer {
  return Buffer.concat([Buffer.from(header.replaceAll(' ', ''), 'hex'), Buffer.from(data)]);
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

/** Query and init as U-Boot answers them, with the first sequence number it wants. */
function greeting(sequence = '0001', packetBytes = '0400'): WireLine[] {
  return [
    { expect: packet('01 00 0000') },
    { deliver: packet('01 00 0000', bytes(sequence)) },
    { expect: packet(`02 00 ${sequence}`, bytes('0001 2000')) },
    { deliver: packet(`02 00 ${sequence}`, bytes(`0001 ${packetBytes}`)) },
  ];
}

async function open(t: ExecutionContext, lines: readonly WireLine[], options: UdpOptions = {}): Promise<UdpTransport> {
  const { port } = await udpPeer(t, lines);
  const transport = await UdpTransport.open(
    { protocol: 'udp', host: '127.0.0.1', port },
    { retransmitMs: 20_000, ...options },
  );
  t.teardown(() => transport.close());
  return transport;
}

test('query, init, a command, and an empty packet that asks for its answer', async t => {
  const transport = await open(t, [
    ...greeting(),
    { expect: packet('03 00 0002', 'getvar:version') },
    { deliver: packet('03 00 0002') },
    { expect: packet('03 00 0003') },
    { deliver: packet('03 00 0003', 'OKAY0.4') },
  ]);
  await transport.send(Buffer.from('getvar:version'), deadline);
  t.is((await transport.receive(512, deadline)).toString(), 'OKAY0.4');
});

test('data go in packets of the agreed size, all but the last of a stretch marked as continued', async t => {
  const data = Buffer.alloc(2 * 1020 + 7, 'data');
  const transport = await open(t, [
    ...greeting(),
    { expect: packet('03 01 0002', data.subarray(0, 1020)) },
    { deliver: packet('03 00 0002') },
    { expect: packet('03 01 0003', data.subarray(1020, 2040)) },
    { deliver: packet('03 00 0003') },
    { expect: packet('03 00 0004', data.subarray(2040)) },
    { deliver: packet('03 00 0004') },
  ]);
  t.is(transport.dataPacketBytes % 1020, 0);
  await t.notThrowsAsync(transport.send(data, deadline));
});

test('an answer that is continued is asked for part by part', async t => {
  const transport = await open(t, [
    ...greeting(),
    { expect: packet('03 00 0002') },
    { deliver: packet('03 01 0002', 'INFOone ') },
    { expect: packet('03 00 0003') },
    { deliver: packet('03 00 0003', 'and two') },
  ]);
  t.is((await transport.receive(512, deadline)).toString(), 'INFOone and two');
});

test('the smaller packet size of the two sides counts', async t => {
  const transport = await open(t, [
    ...greeting('0001', 'ffff'),
    { expect: packet('03 00 0002', Buffer.alloc(8188, 'x')) },
    { deliver: packet('03 00 0002') },
  ]);
  await t.notThrowsAsync(transport.send(Buffer.alloc(8188, 'x'), deadline));
});

test('the sequence number begins anew after 0xffff', async t => {
  const transport = await open(t, [
    ...greeting('fffe'),
    { expect: packet('03 00 ffff', 'reboot') },
    { deliver: packet('03 00 ffff') },
    { expect: packet('03 00 0000') },
    { deliver: packet('03 00 0000', 'OKAY') },
  ]);
  await transport.send(Buffer.from('reboot'), deadline);
  t.is((await transport.receive(512, deadline)).toString(), 'OKAY');
});

test('what gets no answer is sent again, and answers to other packets are ignored', async t => {
  const transport = await open(
    t,
    [
      { silence: packet('01 00 0000') },
      ...greeting(),
      { silence: packet('03 00 0002', 'getvar:a') },
      { silence: packet('03 00 0002', 'getvar:a') },
      { expect: packet('03 00 0002', 'getvar:a') },
      { deliver: packet('03 00 0001', 'OKAYold') },
      { deliver: packet('01 00 0002', 'other id') },
      { deliver: packet('09 00 0002', 'no id') },
      { deliver: Buffer.from('no') },
      { deliver: packet('03 00 0002') },
    ],
    { retransmitMs: 20 },
  );
  await t.notThrowsAsync(transport.send(Buffer.from('getvar:a'), deadline));
});

test('a query is tried four times', async t => {
  const silence = packet('01 00 0000');
  const opening = open(t, [{ silence }, { silence }, { silence }, { silence }], { retransmitMs: 10 });
  const error = await t.throwsAsync(opening, { instanceOf: TimeoutError });
  t.is(error.timeoutMs, 40);
});

test('after the query a packet is tried as often as is set', async t => {
  const silence = packet('03 00 0002', 'x');
  const transport = await open(t, [...greeting(), { silence }, { silence }, { silence }], {
    retransmitMs: 10,
    tries: 3,
  });
  await t.throwsAsync(transport.send(Buffer.from('x'), deadline), { instanceOf: TimeoutError });
});

test('a port where nobody listens is unreachable', async t => {
  const opening = UdpTransport.open({ protocol: 'udp', host: '127.0.0.1', port: 1 }, { retransmitMs: 2000 });
  const error = await t.throwsAsync(opening, { instanceOf: TransportError });
  t.is(error.facts['code'], 'ECONNREFUSED');
});

test('an interface that is not there is unreachable', async t => {
  const opening = UdpTransport.open({ protocol: 'udp', host: 'fe80::1%no-such-interface', port: 5554 });
  await t.throwsAsync(opening, { instanceOf: TransportError, message: /cannot be reached/ });
});

test('an error packet ends it, with the text of the board made safe', async t => {
  const transport = await open(t, [
    ...greeting(),
    { expect: packet('03 00 0002', 'x') },
    { deliver: packet('00 00 0002', 'An \u001b[31merror') },
  ]);
  await t.throwsAsync(transport.send(Buffer.from('x'), deadline), {
    instanceOf: ProtocolError,
    message: /An \[31merror/,
  });
});

for (const [what, lines] of [
  [
    'a query without a number',
    [{ expect: packet('01 00 0000') }, { deliver: packet('01 00 0000', 'x') }] satisfies WireLine[],
  ],
  ['packets of less than 512 bytes', greeting('0001', '01ff')],
  [
    'version 0',
    [...greeting().slice(0, 3), { deliver: packet('02 00 0001', bytes('0000 0400')) }] satisfies WireLine[],
  ],
  ['an init without a size', [...greeting().slice(0, 3), { deliver: packet('02 00 0001', bytes('0001')) }]],
] as const) {
  test(`a board that answers ${what} is not spoken to`, async t => {
    await t.throwsAsync(open(t, lines), { instanceOf: ProtocolError });
  });
}

test('an answer out of turn is not taken for the answer to something else', async t => {
  const transport = await open(t, [
    ...greeting(),
    { expect: packet('03 00 0002', 'flash:boot') },
    { deliver: packet('03 00 0002', 'OKAY') },
  ]);
  await t.throwsAsync(transport.send(Buffer.from('flash:boot'), deadline), { instanceOf: ProtocolError });
});

test('no answer where one is due is an error, not an endless question', async t => {
  const transport = await open(t, [...greeting(), { expect: packet('03 00 0002') }, { deliver: packet('03 00 0002') }]);
  await t.throwsAsync(transport.receive(512, deadline), { instanceOf: ProtocolError });
});

test('a closed transport sends and receives nothing', async t => {
  const transport = await open(t, greeting());
  await transport.close();
  await transport.close();
  await t.throwsAsync(transport.send(Buffer.from('x'), deadline), { instanceOf: TransportError });
  await t.throwsAsync(transport.receive(512, deadline), { instanceOf: TransportError });
});

test('the deadline and the caller end the waiting', async t => {
  const transport = await open(t, [...greeting(), { silence: packet('03 00 0002', 'x') }]);
  await t.throwsAsync(transport.send(Buffer.from('x'), { ...deadline, timeoutMs: 20 }), { instanceOf: TimeoutError });
  const controller = new AbortController();
  const opening = open(t, [{ silence: packet('01 00 0000') }], { signal: controller.signal });
  setImmediate(() => {
    controller.abort();
  });
  await t.throwsAsync(opening, { instanceOf: AbortedError });
});

const probe = 'getvar:version';

test('a board that was left in a command answers that first, once', async t => {
  const transport = await open(t, [
    ...greeting(),
    { expect: packet('03 00 0002', probe) },
    { deliver: packet('03 00 0002', 'INFOlate') },
    { expect: packet('03 00 0003') },
    { deliver: packet('03 00 0003', 'OKAYstale') },
    { expect: packet('03 00 0004', probe) },
    { deliver: packet('03 00 0004') },
    { expect: packet('03 00 0005') },
    { deliver: packet('03 00 0005', 'OKAY0.4') },
  ]);
  await t.notThrowsAsync(settle(transport, { timeoutMs: 20_000 }));
});

test('a board that was left in a download takes the probe for data, and fails it', async t => {
  const transport = await open(t, [
    ...greeting(),
    { expect: packet('03 00 0002', probe) },
    { deliver: packet('03 00 0002') },
    { expect: packet('03 00 0003') },
    { deliver: packet('03 00 0003', 'FAILReceived invalid data length') },
    { expect: packet('03 00 0004', probe) },
    { deliver: packet('03 00 0004') },
    { expect: packet('03 00 0005') },
    { deliver: packet('03 00 0005', 'OKAY0.4') },
  ]);
  await t.notThrowsAsync(settle(transport, { timeoutMs: 20_000 }));
});

test('a board that does not know its version is in step all the same', async t => {
  const ask = (first: string, second: string): WireLine[] => [
    { expect: packet(`03 00 ${first}`, probe) },
    { deliver: packet(`03 00 ${first}`) },
    { expect: packet(`03 00 ${second}`) },
    { deliver: packet(`03 00 ${second}`, 'FAIL') },
  ];
  const transport = await open(t, [...greeting(), ...ask('0002', '0003'), ...ask('0004', '0005')]);
  await t.notThrowsAsync(settle(transport, { timeoutMs: 20_000 }));
});

test('a board that never stops talking is given up', async t => {
  const talk = Array.from({ length: 1000 }, (_, index): WireLine[] => {
    const sequence = (3 + index).toString(16).padStart(4, '0');
    return [{ expect: packet(`03 00 ${sequence}`) }, { deliver: packet(`03 00 ${sequence}`, 'INFOblah') }];
  });
  const transport = await open(t, [
    ...greeting(),
    { expect: packet('03 00 0002', probe) },
    { deliver: packet('03 00 0002') },
    ...talk.flat(),
  ]);
  await t.throwsAsync(settle(transport, { timeoutMs: 20_000 }), { instanceOf: ProtocolError, message: /stop talking/ });
});

test('a board that never comes into step is given up', async t => {
  const stale = (sequence: string): WireLine[] => [
    { expect: packet(`03 00 ${sequence}`, probe) },
    { deliver: packet(`03 00 ${sequence}`, 'OKAYstale') },
  ];
  const { port } = await udpPeer(t, [...greeting(), ...['0002', '0003', '0004'].flatMap(stale)]);
  const connecting = connectFastboot({ protocol: 'udp', host: '127.0.0.1', port });
  await t.throwsAsync(connecting, { instanceOf: ProtocolError, message: /earlier conversation/ });
});
