import test from 'ava';
import { sshRoutes } from '../../src/device/device.js';
import {
  AmbiguousDeviceError,
  DeviceNotFoundError,
  HostKeyChangedError,
  PairingRefusedError,
  TransportError,
} from '../../src/errors.js';
import { loadKnownBoards } from '../../src/keys/known-boards.js';
import { contactBoard } from '../../src/pairing/contact.js';
import type { HostContext } from '../../src/pairing/host.js';
import { forgetKnownBoard, pairBoard } from '../../src/pairing/pair.js';
import { asSeen, newBoard, newHost, seeing } from './desk.js';

test('the only board found is paired on first contact, through its keymaster', async t => {
  const board = await newBoard(t, { name: 'swift-otter' });
  const host = seeing(await newHost(t), board);
  const messages: string[] = [];
  await using contact = await contactBoard(host, {
    onProgress: event => event.kind === 'message' && messages.push(event.text),
  });
  t.is(contact.method, 'keymaster');
  t.is(contact.device.name, 'swift-otter');
  t.deepEqual(messages, ['Paired with swift-otter (keymaster).']);
  t.is((await contact.session.run('hostname')).stdout.toString(), 'swift-otter\n');
  t.is((await board.authorizedKeys()).length, 1);
});

test('a known board is reached at its last address without a search', async t => {
  const board = await newBoard(t, { name: 'swift-otter' });
  const host = await newHost(t);
  await pairBoard(seeing(host, board));
  const blind: HostContext = { ...host, discover: () => Promise.reject(new Error('searched')) };
  await using contact = await contactBoard(blind, { device: 'swift-otter' });
  t.is(contact.method, 'already-paired');
});

test('a known board that has moved is found by its name and proves its key there', async t => {
  const board = await newBoard(t, { name: 'swift-otter' });
  const host = await newHost(t);
  await pairBoard(seeing(host, board));
  const [known] = await loadKnownBoards(host.paths.knownBoardsFile);
  t.truthy(known);
  const { rememberBoard } = await import('../../src/keys/known-boards.js');
  if (known)
    await rememberBoard(host.paths.knownBoardsFile, {
      ...known,
      routes: [{ kind: 'ssh', medium: 'loopback', address: '127.0.0.1', port: 9 }],
    });
  await using contact = await contactBoard(seeing(host, board), { device: 'swift-otter' });
  t.is(sshRoutes(contact.device)[0]?.port, board.sshPort);
  t.is((await loadKnownBoards(host.paths.knownBoardsFile))[0]?.routes[0]?.port, board.sshPort);
});

test('another board at the last address is passed over, not trusted and not taken for an attack', async t => {
  const host = await newHost(t);
  const lost = await newBoard(t, { name: 'swift-otter' });
  await pairBoard(seeing(host, lost));
  const { sshPort } = lost;
  await lost.close();
  await newBoard(t, { name: 'calm-heron', sshPort });
  const error = await t.throwsAsync(contactBoard(seeing(host), { device: 'swift-otter' }), {
    instanceOf: DeviceNotFoundError,
  });
  t.regex(error.message, /swift-otter does not answer/);
});

test('a changed key where the board is announced now is refused, with what to do after a reflash', async t => {
  const host = await newHost(t);
  const before = await newBoard(t, { name: 'swift-otter' });
  await pairBoard(seeing(host, before));
  await before.close();
  const after = await newBoard(t, { name: 'swift-otter' });
  const error = await t.throwsAsync(contactBoard(seeing(host, after), { device: 'swift-otter' }), {
    instanceOf: HostKeyChangedError,
  });
  t.is(error.exitCode, 4);
  t.regex(error.hint ?? '', /mdt pair --new-host-key swift-otter/);
  t.deepEqual(await after.authorizedKeys(), []);

  const { device } = await pairBoard(seeing(host, after), { device: 'swift-otter', acceptNewHostKey: true });
  const known = await loadKnownBoards(host.paths.knownBoardsFile);
  t.is(known.length, 1);
  t.is(device.name, 'swift-otter');
});

test('several boards are ambiguous, unless the user is asked', async t => {
  const [one, two] = [await newBoard(t, { name: 'swift-otter' }), await newBoard(t, { name: 'calm-heron' })];
  const host = seeing(await newHost(t), one, two);
  const error = await t.throwsAsync(contactBoard(host), { instanceOf: AmbiguousDeviceError });
  t.regex(error.message, /swift-otter.*calm-heron/);
  await using contact = await contactBoard(host, { choose: ([first]) => Promise.resolve(first ?? asSeen(one)) });
  t.is(contact.device.name, 'swift-otter');
});

test('the flag goes before MDT_DEVICE, and MDT_DEVICE before the only board', async t => {
  const [one, two] = [await newBoard(t, { name: 'swift-otter' }), await newBoard(t, { name: 'calm-heron' })];
  const host = seeing(await newHost(t, { MDT_DEVICE: 'calm-heron' }), one, two);
  t.is((await pairBoard(host)).device.name, 'calm-heron');
  t.is((await pairBoard(host, { device: 'swift-otter' })).device.name, 'swift-otter');
});

test('no board, a name that nobody has, and a port that nobody listens on are three errors', async t => {
  const host = seeing(await newHost(t));
  await t.throwsAsync(contactBoard(host), { instanceOf: DeviceNotFoundError, message: 'No board was found.' });
  await t.throwsAsync(contactBoard(host, { device: 'no-such' }), { instanceOf: DeviceNotFoundError });
  await t.throwsAsync(contactBoard(host, { device: '127.0.0.1:9' }), { instanceOf: TransportError });
});

test('an address leads to the board, and the board says its name', async t => {
  const board = await newBoard(t, { name: 'swift-otter' });
  const host = seeing(await newHost(t), board);
  const { device } = await pairBoard(host, { device: `127.0.0.1:${String(board.sshPort)}` });
  t.is(device.name, 'swift-otter');
  await using contact = await contactBoard(host, { device: `127.0.0.1:${String(board.sshPort)}` });
  t.is(contact.method, 'already-paired');
});

test('a board whose keys were reset is paired again, since it still proves its key', async t => {
  const board = await newBoard(t, { name: 'swift-otter' });
  const host = seeing(await newHost(t), board);
  await pairBoard(host);
  {
    await using contact = await contactBoard(host, { device: 'swift-otter' });
    await contact.session.run('rm .ssh/authorized_keys');
  }
  t.is((await pairBoard(host, { device: 'swift-otter' })).method, 'keymaster');
});

test('without pairing allowed, a stranger is refused as not paired', async t => {
  const board = await newBoard(t);
  const host = seeing(await newHost(t), board);
  await t.throwsAsync(contactBoard(host, { pairing: 'never' }), { instanceOf: PairingRefusedError });
  t.deepEqual(await board.authorizedKeys(), []);
});

test('a board may not take the name under which another one is trusted', async t => {
  const host = await newHost(t);
  const trusted = await newBoard(t, { name: 'swift-otter' });
  await pairBoard(seeing(host, trusted));
  const pretender = await newBoard(t, { name: 'swift-otter' });
  const device = `127.0.0.1:${String(pretender.sshPort)}`;
  await t.throwsAsync(pairBoard(seeing(host, pretender), { device }), { instanceOf: HostKeyChangedError });
  const known = await loadKnownBoards(host.paths.knownBoardsFile);
  t.deepEqual(
    known.map(board => board.hostKey.blob),
    [trusted.hostKey.blob],
  );
});

test('a board that lets this host in without having been met is pinned with a word to the user', async t => {
  const board = await newBoard(t, { name: 'swift-otter' });
  const host = seeing(await newHost(t), board);
  await pairBoard(host);
  await forgetKnownBoard(host, 'swift-otter');
  const messages: string[] = [];
  await using contact = await contactBoard(host, {
    onProgress: event => event.kind === 'message' && messages.push(event.text),
  });
  t.is(contact.method, 'already-paired');
  t.regex(messages.join('\n'), /^swift-otter knows this host already; pinned its host key SHA256:/);
});
