import test, { type ExecutionContext } from 'ava';
import { ProtocolError, TimeoutError, TransportError, UsageError } from '../../src/errors.js';
import { FastbootClient, type ClientOptions } from '../../src/fastboot/client.js';
import type { BoardMessage } from '../../src/fastboot/exchange.js';
import { FastbootFailError } from '../../src/fastboot/fail-error.js';
import { wholeImage } from '../../src/fastboot/payload.js';
import type { Transport } from '../../src/fastboot/transport.js';
import { pause } from '../../src/time/deadline.js';
import { bytesImage } from '../fakes/fastboot/bytes-image.js';
import { ScriptedTransport, type Line } from '../fakes/fastboot/scripted-transport.js';

function board(t: ExecutionContext, lines: readonly Line[], options: ClientOptions = {}): Conversation {
  const transport = new ScriptedTransport(t, lines);
  return { transport, client: new FastbootClient(transport, options) };
}

interface Conversation {
  readonly transport: ScriptedTransport;
  readonly client: FastbootClient;
}

test('getvar asks and reads', async t => {
  const { client } = board(t, [{ expect: 'getvar:version' }, { deliver: 'OKAY0.4' }]);
  t.is(await client.getvar('version'), '0.4');
});

test('trailing NULs and line ends of an answer are not part of it', async t => {
  const { client } = board(t, [{ expect: 'getvar:product' }, { deliver: 'OKAYphanbell\r\n\0\0' }]);
  t.is(await client.getvar('product'), 'phanbell');
});

for (const [bytes, reason] of [
  ['FAIL', ''],
  ['FAIL\0', ''],
  ['FAILVariable not implemented', 'Variable not implemented'],
] as const) {
  test(`${JSON.stringify(bytes)} is a refusal that carries the command and the bytes, and leaves the connection whole`, async t => {
    const { client, transport } = board(t, [
      { expect: 'getvar:nothing' },
      { deliver: bytes },
      { expect: 'getvar:version' },
      { deliver: 'OKAY0.4' },
    ]);
    const error = await t.throwsAsync(client.getvar('nothing'), { instanceOf: FastbootFailError });
    t.is(error.command, 'getvar:nothing');
    t.is(error.reason, reason);
    t.is(error.exitCode, 7);
    t.deepEqual(error.facts['bytes'], Buffer.from(bytes));
    t.false(transport.isClosed);
    t.is(await client.getvar('version'), '0.4');
  });
}

test('findVariable turns a refusal and an answer without a value into undefined, and nothing else', async t => {
  const { client } = board(t, [
    { expect: 'getvar:a' },
    { deliver: 'FAIL' },
    { expect: 'getvar:a' },
    { deliver: 'OKAY ' },
    { expect: 'getvar:b' },
    { fail: 'timeout' },
  ]);
  t.is(await client.findVariable('a'), undefined);
  t.is(await client.findVariable('a'), undefined);
  await t.throwsAsync(client.findVariable('b'), { instanceOf: TimeoutError });
});

test('INFO and TEXT are heard, made safe for a terminal, and each begins the time for an answer anew', async t => {
  const heard: BoardMessage[] = [];
  const { client, transport } = board(
    t,
    [
      { expect: 'oem status' },
      { deliver: 'INFO\u001b[31mhot\u0007\n' },
      { deliver: 'TEXTone\ntwo' },
      { deliver: 'OKAYdone' },
    ],
    { onMessage: message => heard.push(message), timeouts: { responseMs: 1234 } },
  );
  t.is(await client.oem('status'), 'done');
  t.deepEqual(heard, [
    { kind: 'info', text: '[31mhot' },
    { kind: 'text', text: 'one\ntwo' },
  ]);
  t.deepEqual(transport.deadlines, [1234, 1234, 1234, 1234]);
});

test('erase has a longer time than other commands', async t => {
  const { client, transport } = board(t, [{ expect: 'erase:misc' }, { deliver: 'INFOerasing' }, { deliver: 'OKAY' }], {
    timeouts: { eraseMs: 99_000 },
  });
  await client.erase('misc');
  t.deepEqual(transport.deadlines, [99_000, 99_000, 99_000]);
});

test('what getvar all says beside variables is heard', async t => {
  const heard: BoardMessage[] = [];
  const lines = [{ expect: 'getvar:all' }, { deliver: 'INFOa:1' }, { deliver: 'INFOand so on' }, { deliver: 'OKAY' }];
  const { client } = board(t, lines, { onMessage: message => heard.push(message) });
  t.deepEqual([...(await client.getAllVariables())], [['a', '1']]);
  t.deepEqual(heard, [{ kind: 'info', text: 'and so on' }]);
});

test('getvar all reads variables with and without the space, and those whose name has a colon', async t => {
  const { client } = board(t, [
    { expect: 'getvar:all' },
    { deliver: 'INFOversion: 0.4' },
    { deliver: 'INFOproduct:phanbell' },
    { deliver: 'INFOpartition-size:boot:0x8000000' },
    { deliver: 'INFOpartition-type:boot_a: ext4' },
    { deliver: 'INFOversion-bootloader:U-Boot 2017.03: x' },
    { deliver: 'INFOserialno: FAILVariable not implemented' },
    { deliver: 'INFOslot-count:' },
    { deliver: 'OKAY' },
  ]);
  t.deepEqual(
    [...(await client.getAllVariables())],
    [
      ['version', '0.4'],
      ['product', 'phanbell'],
      ['partition-size:boot', '0x8000000'],
      ['partition-type:boot_a', 'ext4'],
      ['version-bootloader', 'U-Boot 2017.03: x'],
      ['serialno', 'FAILVariable not implemented'],
      ['slot-count', ''],
    ],
  );
});

for (const data of ['DATA00000014', 'DATA14', 'DATA0x14', 'DATA0000000000000014\n\0']) {
  test(`a download goes on at ${JSON.stringify(data)}`, async t => {
    const { client } = board(t, [
      { expect: 'download:00000014' },
      { deliver: data },
      { expect: '0123456789abcdef' },
      { expect: 'ghij' },
      { deliver: 'OKAY' },
    ]);
    await client.download(wholeImage(bytesImage(Buffer.from('0123456789abcdefghij'))));
  });
}

test('a download that is too large for the board is refused before any data', async t => {
  const { client, transport } = board(t, [{ expect: 'download:00000014' }, { deliver: 'FAIL00000014' }]);
  await t.throwsAsync(client.download(wholeImage(bytesImage(Buffer.alloc(20)))), { instanceOf: FastbootFailError });
  t.false(transport.isClosed);
});

for (const [what, answer] of [
  ['another size than was offered', 'DATA00000015'],
  ['a size that is no number', 'DATAmany'],
  ['no size', 'DATA'],
  ['OKAY instead of DATA', 'OKAY'],
  ['an unknown tag', 'WHAT'],
  ['less than a tag', 'OK'],
  ['garbage', Buffer.from([0xff, 0, 1, 2])],
] as const) {
  test(`${what} ends the connection, with what the board said`, async t => {
    const { client, transport } = board(t, [{ expect: 'download:00000014' }, { deliver: answer }]);
    const error = await t.throwsAsync(client.download(wholeImage(bytesImage(Buffer.alloc(20)))), {
      instanceOf: ProtocolError,
    });
    t.is(error.facts['command'], 'download:00000014');
    t.true(transport.isClosed);
  });
}

test('a data phase where there should be none ends the connection', async t => {
  const { client, transport } = board(t, [{ expect: 'reboot' }, { deliver: 'DATA10' }]);
  await t.throwsAsync(client.reboot(), { instanceOf: ProtocolError });
  t.true(transport.isClosed);
});

test('after silence nothing more is sent: the board has to be asked for its state over a new connection', async t => {
  const { client, transport } = board(t, [{ expect: 'erase:home' }, { fail: 'timeout' }]);
  const error = await t.throwsAsync(client.erase('home'), { instanceOf: TimeoutError });
  t.is(error.operation, 'waiting for the answer to erase:home');
  t.true(transport.isClosed);
  const next = await t.throwsAsync(client.getvar('version'), { instanceOf: TransportError });
  t.is(next.cause, error);
});

test('an image that cannot be read in the middle of its download ends the connection', async t => {
  const { client, transport } = board(t, [
    { expect: 'download:00000014' },
    { deliver: 'DATA00000014' },
    { expect: '0123456789abcdef' },
  ]);
  const short = { ...bytesImage(Buffer.from('0123456789abcdef')), sizeBytes: 20 };
  await t.throwsAsync(client.download(wholeImage(short)), { message: /ends before/ });
  t.true(transport.isClosed);
});

test('a board that never stops talking is given up', async t => {
  const { client } = board(t, [
    { expect: 'oem chat' },
    ...Array.from({ length: 100_000 }, () => ({ deliver: 'INFOblah' })),
  ]);
  await t.throwsAsync(client.oem('chat'), { instanceOf: ProtocolError, message: /does not stop/ });
});

test('a board that says something now and then, and never ends, is given up after ten times its longest silence', async t => {
  // Each answer comes long before the time for one is up.
  const transport: Transport = {
    ...{ name: 'endless', dataPacketBytes: 16, send: () => Promise.resolve() },
    receive: async (_maxBytes, { signal }) => {
      await pause(50, signal);
      return Buffer.from('INFOworking');
    },
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const heard: BoardMessage[] = [];
  const client = new FastbootClient(transport, {
    timeouts: { responseMs: 100 },
    onMessage: message => heard.push(message),
  });
  const error = await t.throwsAsync(client.oem('chat'), { instanceOf: TimeoutError });
  t.is(error.operation, 'waiting for the end of the answer to oem chat');
  t.is(error.timeoutMs, 1000);
  t.true(heard.length > 2);
  await t.throwsAsync(client.getvar('version'), { instanceOf: TransportError, message: /is closed/ });
});

for (const [what, send] of [
  ['more than 64 bytes', (client: FastbootClient) => client.oem('x'.repeat(61))],
  ['a NUL', (client: FastbootClient) => client.oem('a\0b')],
  ['a line break', (client: FastbootClient) => client.getvar('a\nb')],
  ['a letter outside of ASCII', (client: FastbootClient) => client.getvar('größe')],
  ['a partition without a name', (client: FastbootClient) => client.erase('')],
  ['a partition with a colon', (client: FastbootClient) => client.erase('a:b')],
] as const) {
  test(`${what} is refused before it is sent`, async t => {
    const { client, transport } = board(t, []);
    await t.throwsAsync(async () => await send(client), { instanceOf: UsageError });
    t.false(transport.isClosed);
  });
}

test('64 bytes are sent', async t => {
  const { client } = board(t, [{ expect: `oem ${'x'.repeat(60)}` }, { deliver: 'OKAY' }]);
  t.is(await client.oem('x'.repeat(60)), '');
});

test('two commands at once are a mistake of the caller', async t => {
  const { client } = board(t, [{ expect: 'getvar:a' }, { deliver: 'OKAY1' }]);
  const first = client.getvar('a');
  await t.throwsAsync(client.getvar('b'), { message: /another was under way/ });
  t.is(await first, '1');
});

test('boot downloads and starts', async t => {
  const { client } = board(t, [
    { expect: 'download:00000004' },
    { deliver: 'DATA00000004' },
    { expect: 'boot' },
    { deliver: 'OKAY' },
    { expect: 'boot' },
    { deliver: 'OKAY' },
  ]);
  await client.boot(wholeImage(bytesImage(Buffer.from('boot'))));
});

test('the commands without an argument are what they are called', async t => {
  const { client } = board(
    t,
    ['reboot-bootloader', 'continue', 'set_active:b', 'reboot'].flatMap(expect => [{ expect }, { deliver: 'OKAY' }]),
  );
  await client.rebootBootloader();
  await client.continueBoot();
  await client.setActive('b');
  await client.reboot();
});

test('upload hands on what comes, packet by packet', async t => {
  const { client } = board(t, [
    { expect: 'upload' },
    { deliver: 'DATA0000000a' },
    { deliver: '01234' },
    { deliver: '56789' },
    { deliver: 'OKAY' },
  ]);
  const chunks: string[] = [];
  t.is(await client.upload(chunk => void chunks.push(chunk.toString())), 10);
  t.deepEqual(chunks, ['01234', '56789']);
});

test('a board that sends another part of a partition than it was asked for is not believed', async t => {
  const { client, transport } = board(t, [
    { expect: 'getvar:max-fetch-size' },
    { deliver: 'OKAY0x100' },
    { expect: 'getvar:partition-size:misc' },
    { deliver: 'OKAY0x6' },
    { expect: 'fetch:misc:0x00000000:0x00000006' },
    { deliver: 'DATA00000007' },
  ]);
  await t.throwsAsync(
    client.fetch('misc', () => undefined),
    { instanceOf: ProtocolError },
  );
  t.true(transport.isClosed);
});

test('more than one download can hold is refused before it is announced', async t => {
  const { client } = board(t, []);
  const payload = { ...wholeImage(bytesImage(Buffer.alloc(1))), sizeBytes: 2 ** 32 };
  await t.throwsAsync(client.download(payload), { instanceOf: UsageError });
});

test('fetch reads a partition in as many commands as the board asks for', async t => {
  const { client } = board(t, [
    { expect: 'getvar:max-fetch-size' },
    { deliver: 'OKAY0x4' },
    { expect: 'getvar:partition-size:misc' },
    { deliver: 'OKAY6' },
    { expect: 'fetch:misc:0x00000000:0x00000004' },
    { deliver: 'DATA00000004' },
    { deliver: 'abcd' },
    { deliver: 'OKAY' },
    { expect: 'fetch:misc:0x00000004:0x00000002' },
    { deliver: 'DATA00000002' },
    { deliver: 'ef' },
    { deliver: 'OKAY' },
  ]);
  const chunks: string[] = [];
  t.is(await client.fetch('misc', chunk => void chunks.push(chunk.toString())), 6);
  t.is(chunks.join(''), 'abcdef');
});

test('a board that does not offer fetch is not asked to', async t => {
  const { client } = board(t, [
    { expect: 'getvar:max-fetch-size' },
    { deliver: 'FAIL' },
    { expect: 'getvar:partition-size:misc' },
    { deliver: 'OKAY0x6' },
  ]);
  await t.throwsAsync(
    client.fetch('misc', () => undefined),
    { message: /does not offer/ },
  );
});
