import test from 'ava';
import type { SshRoute } from '../../src/device/route.js';
import type { Link } from '../../src/discovery/interfaces.js';
import { identityOf } from '../../src/keys/public-line.js';
import type { HostLogin } from '../../src/pairing/host.js';
import type { KeymasterAnswer } from '../../src/pairing/keymaster.js';
import { askKeymasters, type KeymasterPorts } from '../../src/pairing/keymaster-routes.js';
import type { RefusingBoard } from '../../src/pairing/refusing-board.js';
import { AuthenticationError } from '../../src/ssh/connect-errors.js';
import { newEd25519 } from '../fakes/ssh-server.js';

const login: HostLogin = { username: 'mendel', password: '', identity: identityOf(newEd25519()), known: [] };

const onUsb: SshRoute = { kind: 'ssh', medium: 'usb-network', address: 'fe80::1', port: 22, interface: 'usb0' };
const onLan: SshRoute = { kind: 'ssh', medium: 'lan', address: '10.0.0.5', port: 22, interface: 'eth0' };
const gadget: SshRoute = { ...onUsb, address: '192.168.100.2' };

const usb0 = (...ipv4: string[]): Link => ({
  id: 'usb0',
  name: 'usb0',
  loopback: false,
  mac: '02:22:78:0d:f6:df',
  ipv4: ipv4.map(address => ({ address, prefixLength: 24 })),
  ipv6: [{ address: 'fe80::2', prefixLength: 64 }],
  gadget: { usbPort: '1-1' },
});

const board: RefusingBoard = {
  name: 'swift-otter',
  routes: [],
  route: onUsb,
  hostKey: { algorithm: 'ssh-ed25519', blob: Buffer.alloc(0) },
  error: new AuthenticationError('no', ['publickey']),
  known: undefined,
};

const CLOSED: KeymasterAnswer = { kind: 'closed', text: 'nothing listens there' };

interface Scene {
  readonly ports: KeymasterPorts;
  /** Second and address of each offer. */
  readonly asked: readonly string[];
  readonly seconds: () => number;
}

/** A keymaster that answers as told, at seconds of a clock that only pauses move. */
function scene(answer: (address: string, seconds: number) => KeymasterAnswer, link: (seconds: number) => Link): Scene {
  const asked: string[] = [];
  let nowMs = 0;
  const ports: KeymasterPorts = {
    links: () => Promise.resolve([link(nowMs / 1000)]),
    offer: route => {
      asked.push(`${String(nowMs / 1000)} ${route.address}`);
      return Promise.resolve(answer(route.address, nowMs / 1000));
    },
    pause: ms => {
      nowMs += ms;
      return Promise.resolve();
    },
  };
  return { ports, asked, seconds: () => nowMs / 1000 };
}

const proof = (): Promise<'proven'> => Promise.resolve('proven');

test('a keymaster that comes up 7 s after sshd is waited for, on its USB address alone', async t => {
  const { ports, asked } = scene(
    (address, seconds) => (address === gadget.address && seconds >= 7 ? { kind: 'accepted' } : CLOSED),
    () => usb0('192.168.100.50'),
  );
  const messages: string[] = [];
  const { accepted } = await askKeymasters(
    login,
    { board, routes: [onUsb], proof },
    { onProgress: event => event.kind === 'message' && messages.push(event.text) },
    ports,
  );
  t.true(accepted);
  t.is(asked.filter(one => one.includes('fe80::1')).length, 1);
  t.is(asked.at(-1), '7 192.168.100.2');
  t.is(messages.length, 1);
});

test('the IPv4 address of the cable is waited for', async t => {
  const { ports } = scene(
    address => (address === gadget.address ? { kind: 'accepted' } : CLOSED),
    seconds => (seconds >= 3 ? usb0('192.168.100.50') : usb0()),
  );
  t.true((await askKeymasters(login, { board, routes: [onUsb], proof }, {}, ports)).accepted);
});

test('a keymaster that stays shut is given up after ten seconds', async t => {
  const { ports, seconds } = scene(
    () => CLOSED,
    () => usb0('192.168.100.50'),
  );
  const { accepted, answers } = await askKeymasters(login, { board, routes: [onUsb], proof }, {}, ports);
  t.false(accepted);
  t.is(seconds(), 10);
  t.deepEqual(answers.map(({ route }) => route.address).sort(), ['192.168.100.2', 'fe80::1']);
});

test('nothing is waited for on a LAN, where no keymaster listens', async t => {
  const { ports, seconds } = scene(
    () => CLOSED,
    () => usb0(),
  );
  const { answers } = await askKeymasters(login, { board, routes: [onLan], proof }, {}, ports);
  t.is(seconds(), 0);
  t.deepEqual(
    answers.map(({ kind }) => kind),
    ['closed'],
  );
});

test('the key is not offered where the board does not prove its host key', async t => {
  const { ports, asked } = scene(
    () => ({ kind: 'accepted' }),
    () => usb0('192.168.100.50'),
  );
  const other = (route: SshRoute): Promise<'proven' | 'other-board'> =>
    Promise.resolve(route.address === gadget.address ? 'other-board' : 'proven');
  await askKeymasters(login, { board, routes: [onUsb], proof: other }, {}, ports);
  t.deepEqual(asked, ['0 fe80::1']);
});
