import test from 'ava';
import { sshRoutes, type Device } from '../../src/device/device.js';
import { formatRoute } from '../../src/device/route.js';
import { discover, type DiscoveryOptions } from '../../src/discovery/discover.js';
import type { Link } from '../../src/discovery/interfaces.js';
import { mdnsSource } from '../../src/discovery/mdns-source.js';
import type { DiscoverySource } from '../../src/discovery/source.js';
import { AbortedError } from '../../src/errors.js';
import { answerWith, FakeResponder, LOOPBACK, recordsOf, response, type FakeBoard } from './fake-responder.js';
import { pretendLink } from './pretend-links.js';

interface SearchOptions extends DiscoveryOptions {
  readonly links?: readonly Link[];
}

/** Where something is to be found the search ends by itself, and a busy host may take its time. */
function search(responder: FakeResponder, { links = [LOOPBACK], ...options }: SearchOptions = {}): Promise<Device[]> {
  const sources = [mdnsSource({ port: responder.port, links: () => Promise.resolve(links) })];
  return discover({ sources, timeoutMs: 30_000, ...options });
}

function namesOf(devices: readonly Device[]): string[] {
  return devices.map(device => device.name);
}

const OTTER: FakeBoard = { name: 'swift-otter' };

test('a board on loopback is found with its address and port', async t => {
  const responder = await FakeResponder.start(t, answerWith([{ ...OTTER, sshPort: 2222 }]));
  t.deepEqual(await search(responder), [
    {
      name: 'swift-otter',
      state: 'unpaired',
      routes: [{ kind: 'ssh', medium: 'loopback', address: '127.0.0.1', port: 2222, interface: 'lo' }],
    },
  ]);
});

test('the address is the announced one, never that of the packet', async t => {
  const responder = await FakeResponder.start(t, answerWith([{ ...OTTER, address: '10.1.2.3' }]));
  const [device] = await search(responder);
  t.deepEqual(device?.routes.map(formatRoute), ['10.1.2.3']);
});

test('a responder that answers to everybody only is heard', async t => {
  const responder = await FakeResponder.start(t, () => {
    responder.announce(response(recordsOf(OTTER)));
  });
  t.deepEqual(namesOf(await search(responder)), ['swift-otter']);
});

test('a responder that sends one kind of record at a time is asked for the others', async t => {
  const responder = await FakeResponder.start(t, question => {
    if (!question.legacy) return;
    const answers = recordsOf(OTTER).filter(
      record => question.names.includes(record.name) && question.types.includes(record.type),
    );
    if (answers.length > 0) responder.reply(question, response(answers));
  });
  t.deepEqual(namesOf(await search(responder)), ['swift-otter']);
});

test('a board that misses the first question is found by the second', async t => {
  const responder = await FakeResponder.start(t, question => {
    if (responder.questions.filter(({ legacy }) => legacy).length >= 2) answerWith([OTTER])(question, responder);
  });
  t.deepEqual(namesOf(await search(responder)), ['swift-otter']);
});

test('where nothing answers the list is empty and the search ends at its deadline', async t => {
  const responder = await FakeResponder.start(t);
  t.deepEqual(await search(responder, { timeoutMs: 300 }), []);
});

test('the search for one board goes on until it answers, and then ends', async t => {
  const boards: FakeBoard[] = [OTTER];
  const responder = await FakeResponder.start(t, question => {
    answerWith(boards)(question, responder);
    // By then a search for any board would long have ended.
    if (responder.questions.filter(({ legacy }) => legacy).length === 2) boards.push({ name: 'late-newt' });
  });
  const devices = await search(responder, { wanted: { kind: 'name', name: 'late-newt' } });
  t.true(namesOf(devices).includes('late-newt'));
});

test('an aborted search throws AbortedError', async t => {
  const responder = await FakeResponder.start(t);
  const controller = new AbortController();
  const searching = search(responder, { signal: controller.signal });
  controller.abort();
  await t.throwsAsync(searching, { instanceOf: AbortedError });
  await t.throwsAsync(search(responder, { signal: AbortSignal.abort() }), { instanceOf: AbortedError });
});

test('names are safe to print, and a clash that avahi renamed reads as a host name', async t => {
  const names = ['\u001b[31mred\u0007\r\nnext', 'swift-otter #2', 'x'.repeat(63), '\u202eabc'];
  const responder = await FakeResponder.start(t, answerWith(names.map(name => ({ name, address: '10.1.2.3' }))));
  t.deepEqual(namesOf(await search(responder)), ['[31mrednext', 'abc', 'swift-otter-2', 'x'.repeat(63)]);
});

test('a name of nothing but control characters, and port 0, are no board', async t => {
  const boards = [{ name: '\u0007\u0008' }, { name: 'no-port', sshPort: 0 }];
  const responder = await FakeResponder.start(t, answerWith(boards));
  t.deepEqual(await search(responder, { timeoutMs: 300 }), []);
});

test('the keymaster port is believed on loopback only, and only if it is a port', async t => {
  const announced = (name: string, port: string, address = '127.0.0.1'): FakeBoard => ({
    name,
    address,
    txt: ['a=b', `keymaster-port=${port}`],
  });
  const boards = [
    announced('local', '5000'),
    announced('other', '5000', '10.1.2.3'),
    announced('zero', '0'),
    announced('big', '65536'),
    announced('word', '50x'),
  ];
  const responder = await FakeResponder.start(t, answerWith(boards));
  const devices = await search(responder);
  t.deepEqual(
    devices.map(device => [device.name, sshRoutes(device)[0]?.keymasterPort]),
    [
      ['big', undefined],
      ['local', 5000],
      ['other', undefined],
      ['word', undefined],
      ['zero', undefined],
    ],
  );
});

test('garbage between the answers changes nothing', async t => {
  const responder = await FakeResponder.start(t, question => {
    if (!question.legacy) return;
    for (let length = 0; length < 100; length++) responder.reply(question, Buffer.alloc(length, 0xc0 + (length % 64)));
    answerWith([OTTER])(question, responder);
  });
  t.deepEqual(namesOf(await search(responder)), ['swift-otter']);
});

test('an announced board that never tells its port or address does not hold up the search for long', async t => {
  const responder = await FakeResponder.start(t, question => {
    if (!question.legacy) return;
    answerWith([OTTER])(question, responder);
    responder.reply(question, response(recordsOf({ name: 'mute' }).slice(0, 1)));
  });
  t.deepEqual(namesOf(await search(responder)), ['swift-otter']);
});

test('interfaces that cannot be used are reported in one warning and silence no other', async t => {
  const responder = await FakeResponder.start(t, answerWith([OTTER]));
  const warnings: string[] = [];
  const dead = ['dead0', 'dead\u001b1', 'dead2', 'dead3', 'dead4'].map(name => pretendLink(name, ['203.0.113.9/24']));
  const devices = await search(responder, {
    links: [...dead.slice(0, 2), LOOPBACK, ...dead.slice(2)],
    onWarning: text => warnings.push(text),
  });
  t.deepEqual(namesOf(devices), ['swift-otter']);
  t.is(warnings.length, 1);
  t.regex(
    warnings[0] ?? '',
    /^Boards cannot be looked for on 5 interfaces: dead0 \([a-z ]+\), dead1 \([a-z ]+\), dead2 \([a-z ]+\) and 2 more\.$/,
  );
});

test('an interface whose IPv6 address is not ready yet is no reason to warn', async t => {
  const responder = await FakeResponder.start(t, answerWith([OTTER]));
  const warnings: string[] = [];
  const fresh = Array.from({ length: 30 }, (_, index) => pretendLink(`fresh${String(index)}`, ['fe80::1234/64']));
  await search(responder, { links: [...fresh, LOOPBACK], onWarning: text => warnings.push(text) });
  t.deepEqual(warnings, []);
});

test('interfaces that fail one after the other are reported in one warning, too', async t => {
  const responder = await FakeResponder.start(t, answerWith([OTTER]));
  const warnings: string[] = [];
  let count = 0;
  const links = (): Promise<Link[]> =>
    Promise.resolve([
      LOOPBACK,
      ...Array.from({ length: ++count }, (_, n) => pretendLink(`dead${String(n)}`, ['203.0.113.9/24'])),
    ]);
  const source = mdnsSource({ port: responder.port, links });
  await discover({
    sources: [source],
    wanted: { kind: 'name', name: 'none' },
    timeoutMs: 2500,
    onWarning: text => warnings.push(text),
  });
  t.true(count > 1);
  t.is(warnings.length, 1);
});

test('a source that fails is told and silences no other', async t => {
  const responder = await FakeResponder.start(t, answerWith([OTTER]));
  const warnings: string[] = [];
  const broken: DiscoverySource = { name: 'usb-network', run: () => Promise.reject(new Error('no cable')) };
  const sources = [broken, mdnsSource({ port: responder.port, links: () => Promise.resolve([LOOPBACK]) })];
  t.deepEqual(namesOf(await discover({ sources, onWarning: text => warnings.push(text) })), ['swift-otter']);
  t.deepEqual(warnings, ['Looking for boards by usb-network failed: Error: no cable.']);
});

test('a search whose sources all have ended does not wait for more', async t => {
  const source: DiscoverySource = { name: 'usb-network', run: () => Promise.resolve() };
  t.deepEqual(await discover({ sources: [source], timeoutMs: 30_000 }), []);
});

test('the search of this host with its own interfaces ends without an error', async t => {
  t.true(Array.isArray(await discover({ timeoutMs: 100 })));
});
