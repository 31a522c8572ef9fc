import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { decode, encode, type Answer, type DecodedPacket, type Question } from 'dns-packet';
import fc from 'fast-check';
import { announce } from '../../src/virtual-board/announce.js';
import { readQuery, writeResponse } from '../../src/virtual-board/mdns-message.js';
import { startVirtualBoard, type VirtualBoard } from '../../src/virtual-board/virtual-board.js';

const GROUP = '224.0.0.251';
const PORT = 5353;
const SERVICE = '_googlemdt._tcp.local';

/** Multicast on loopback is missing on some hosts, containers above all. */
const canAnnounce = await (async () => {
  await using board = await startVirtualBoard();
  return board.announcement.kind === 'announced';
})();
const onMulticast = (title: string, check: (t: ExecutionContext) => Promise<void>): void => {
  if (canAnnounce) test(title, check);
  else test.skip(`${title} (needs multicast on the loopback interface)`, check);
};

/** A querier on loopback: `port` 0 is one that does not speak multicast DNS. */
async function openQuerier(t: ExecutionContext, port: number): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  t.teardown(() => socket.close());
  socket.bind(port, '0.0.0.0');
  await once(socket, 'listening');
  socket.setMulticastInterface('127.0.0.1');
  if (port !== 0) socket.addMembership(GROUP, '127.0.0.1');
  return socket;
}

function ask(socket: Socket, question: Partial<Question> & { name: string }, id = 0): void {
  const full = { type: 'PTR' as const, class: 'IN' as const, ...question };
  socket.send(encode({ type: 'query', id, questions: [full] }), PORT, '127.0.0.1');
  socket.send(encode({ type: 'query', id, questions: [full] }), PORT, GROUP);
}

/** The next response that names the board in a record for which `isWanted` holds. */
async function hear(socket: Socket, isWanted: (packet: DecodedPacket) => boolean): Promise<DecodedPacket> {
  for (;;) {
    const [message] = (await once(socket, 'message')) as [Buffer];
    const packet = tryDecode(message);
    if (packet?.type === 'response' && isWanted(packet)) return packet;
  }
}

/** The port is everybody's, other tests' hostile packets included. */
function tryDecode(message: Buffer): DecodedPacket | undefined {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}

function records(packet: DecodedPacket): Answer[] {
  return [...(packet.answers ?? []), ...(packet.additionals ?? [])];
}

function names(board: VirtualBoard): (packet: DecodedPacket) => boolean {
  return packet => records(packet).some(record => record.name === `${board.name}.local`);
}

/** TTL of the record that names the board as a service; undefined if the packet has none. */
function ttlOf(packet: DecodedPacket, board: VirtualBoard): number | undefined {
  const found = records(packet).find(record => record.type === 'SRV' && record.name === `${board.name}.${SERVICE}`);
  return found !== undefined && 'ttl' in found ? found.ttl : undefined;
}

onMulticast('a question for the service is answered with all records of the board, at once', async t => {
  await using board = await startVirtualBoard();
  const socket = await openQuerier(t, 0);
  const heard = hear(socket, names(board));
  ask(socket, { name: SERVICE }, 4711);
  const packet = await heard;
  t.is(packet.id, 4711);
  t.is(packet.questions?.[0]?.name, SERVICE);
  const byType = (type: string): Answer | undefined => records(packet).find(record => record.type === type);
  t.like(byType('SRV'), {
    name: `${board.name}.${SERVICE}`,
    data: { port: board.sshPort, target: `${board.name}.local` },
  });
  t.like(byType('A'), { name: `${board.name}.local`, data: '127.0.0.1' });
  const txt = byType('TXT');
  const entries = txt?.type === 'TXT' && Array.isArray(txt.data) ? txt.data.map(entry => entry.toString()) : [];
  t.deepEqual(entries, [`keymaster-port=${String(board.keymasterPort)}`]);
  t.true(records(packet).some(({ type, name }) => type === 'PTR' && name === SERVICE));
  for (const record of records(packet)) if ('ttl' in record) t.true((record.ttl ?? 0) <= 10);
});

onMulticast('questions for one board by its names are answered, those for others are not', async t => {
  await using board = await startVirtualBoard({ name: 'one-eel' });
  await using other = await startVirtualBoard({ name: 'two-eel' });
  const socket = await openQuerier(t, 0);
  for (const question of [
    { name: 'One-Eel.local', type: 'A' as const },
    { name: `one-eel.${SERVICE}`, type: 'SRV' as const },
    { name: `one-eel.${SERVICE}`, type: 'ANY' as never },
  ]) {
    const first = hear(socket, packet => names(board)(packet) || names(other)(packet));
    ask(socket, question);
    t.true(names(board)(await first));
  }
  t.is(other.announcement.kind, 'announced');
});

onMulticast('who asks for a unicast answer gets it, and everybody else hears it too', async t => {
  await using board = await startVirtualBoard();
  const socket = await openQuerier(t, PORT);
  const heard = hear(socket, packet => names(board)(packet) && ttlOf(packet, board) === 120);
  const question = encode({ type: 'query', questions: [{ name: SERVICE, type: 'PTR', class: 'IN' }] });
  // The top bit of the class, which asks for unicast.
  question.writeUInt16BE(0x8001, question.length - 2);
  socket.send(question, PORT, GROUP);
  const packet = await heard;
  t.is(packet.questions?.length, 0);
  const address = records(packet).find(({ type }) => type === 'A');
  t.true(address !== undefined && 'flush' in address && address.flush);
});

onMulticast('a board that closes or reboots says goodbye, and greets when it is back', async t => {
  const socket = await openQuerier(t, PORT);
  await using board = await startVirtualBoard({ rebootMs: 20 });
  const gone = hear(socket, packet => ttlOf(packet, board) === 0);
  const back = gone.then(() => hear(socket, packet => ttlOf(packet, board) === 120));
  await board.reboot();
  await gone;
  await back;
  const goneAgain = hear(socket, packet => ttlOf(packet, board) === 0);
  await board.close();
  await goneAgain;
  t.pass();
});

onMulticast('several boards of one process are all announced, and one that closes takes no other with it', async t => {
  const boards = await Promise.all(
    ['first-kite', 'second-kite', 'third-kite'].map(name => startVirtualBoard({ name })),
  );
  t.teardown(() => Promise.all(boards.map(board => board.close())));
  const [first, second, third] = boards as [VirtualBoard, VirtualBoard, VirtualBoard];
  await second.close();
  const socket = await openQuerier(t, 0);
  const both = Promise.all([hear(socket, names(first)), hear(socket, names(third))]);
  let heardSecond = false;
  socket.on('message', (message: Buffer) => {
    const packet = tryDecode(message);
    heardSecond ||= packet !== undefined && names(second)(packet);
  });
  ask(socket, { name: SERVICE });
  await both;
  t.false(heardSecond);
});

onMulticast('hostile packets are passed over, and the board goes on answering', async t => {
  await using board = await startVirtualBoard();
  const socket = await openQuerier(t, 0);
  const header = '000000000001000000000000';
  for (const hex of [
    '',
    '00',
    header,
    // A name that points to itself; one that points forward; a label that is longer than the packet; 65535 questions.
    `${header}c00c000c0001`,
    `${header}c0ff000c0001`,
    `${header}3f41000c0001`,
    '00000000ffff000000000000',
    `000084000001000000000000${'05'.repeat(300)}`,
  ]) {
    socket.send(Buffer.from(hex, 'hex'), PORT, '127.0.0.1');
    socket.send(Buffer.from(hex, 'hex'), PORT, GROUP);
  }
  const heard = hear(socket, names(board));
  ask(socket, { name: SERVICE });
  await heard;
  t.pass();
});

test('any bytes are read as a query or as none, soon', t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), bytes => {
      readQuery(Buffer.from(bytes));
    }),
    { numRuns: 2000 },
  );
  const good = encode({
    type: 'query',
    questions: [
      { name: `a.${SERVICE}`, type: 'SRV' },
      { name: SERVICE, type: 'PTR' },
    ],
  });
  t.deepEqual(readQuery(good)?.questions, [
    { name: `a.${SERVICE}`, type: 33, wantsUnicast: false },
    { name: SERVICE, type: 12, wantsUnicast: false },
  ]);
  t.is(readQuery(encode({ type: 'response', questions: [{ name: SERVICE, type: 'PTR' }] })), undefined);
});

test('a response is what another implementation reads', t => {
  const packet = { question: [], answer: [{ name: 'x.local', type: 16, data: {} }], additional: [] };
  const read = decode(writeResponse(packet, { ttlS: 120 }));
  t.like(read.answers?.[0], { name: 'x.local', type: 'TXT', ttl: 120 });
});

test('a board whose address cannot be announced runs all the same, and says why', async t => {
  await t.throwsAsync(announce({ name: 'x', address: '::1', port: 1, txt: {} }), { code: 'USAGE' });
  await t.throwsAsync(announce({ name: 'x', address: '192.0.2.1', port: 1, txt: {} }));
  await using silent = await startVirtualBoard({ announce: false });
  t.deepEqual(silent.announcement, { kind: 'silent' });
});
