import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { Device } from '../../src/device/device.js';
import { PairingRefusedError, UsageError } from '../../src/errors.js';
import { loadKnownBoards } from '../../src/keys/known-boards.js';
import { generateIdentity, loadIdentity } from '../../src/keys/keystore.js';
import { forgetKnownBoard, pairBoard, pushKeyFile, resetBoardKeys, unpairBoard } from '../../src/pairing/pair.js';
import type { Faults } from '../../src/virtual-board/faults.js';
import { refused } from '../fixtures/refused.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { asSeen, newBoard, newHost, seeing } from './desk.js';

test('pairing twice changes nothing', async t => {
  const board = await newBoard(t);
  const host = seeing(await newHost(t), board);
  t.is((await pairBoard(host)).method, 'keymaster');
  t.is((await pairBoard(host)).method, 'already-paired');
  t.is((await board.authorizedKeys()).length, 1);
});

test('a second host is refused by the keymaster and told how to get in', async t => {
  const board = await newBoard(t, { name: 'swift-otter' });
  await pairBoard(seeing(await newHost(t), board));
  await refused(board.keymasterPort);
  const error = await t.throwsAsync(pairBoard(seeing(await newHost(t), board)), { instanceOf: PairingRefusedError });
  t.regex(error.message, /keymaster is not listening/);
  t.regex(error.hint ?? '', /mdt resetkeys swift-otter/);
});

test('the password opens the way where sshd takes one', async t => {
  const board = await newBoard(t, { allowPasswords: true });
  await pairBoard(seeing(await newHost(t), board));
  const second = seeing(await newHost(t), board);
  t.is((await pairBoard(second)).method, 'password');
  t.is((await pairBoard(second)).method, 'already-paired');
  t.is((await board.authorizedKeys()).length, 2);
});

test('a wrong password is a refusal', async t => {
  const board = await newBoard(t, { allowPasswords: true });
  await pairBoard(seeing(await newHost(t), board));
  const host = seeing(await newHost(t, { MDT_PASSWORD: 'wrong' }), board);
  const error = await t.throwsAsync(pairBoard(host), { instanceOf: PairingRefusedError });
  t.regex(error.message, /password was not accepted/);
});

for (const [refusal, message] of [
  ['keymaster-400', /refused the key \(400/],
  ['keymaster-500', /refused the key \(500/],
] as const) {
  test(`${refusal} is told, and nothing is pinned`, async t => {
    const board = await newBoard(t, { faults: { refuse: [refusal] } });
    const host = seeing(await newHost(t), board);
    const error = await t.throwsAsync(pairBoard(host), { instanceOf: PairingRefusedError });
    t.regex(error.message, message);
    t.deepEqual(await loadKnownBoards(host.paths.knownBoardsFile), []);
  });
}

test('an Ed25519 key is refused by the keymaster of Eagle, with the remedy', async t => {
  const board = await newBoard(t, { release: 'eagle' });
  const host = seeing(await newHost(t), board);
  await generateIdentity(host.paths, { algorithm: 'ed25519', overwrite: true });
  const error = await t.throwsAsync(pairBoard(host), { instanceOf: PairingRefusedError });
  t.regex(error.hint ?? '', /mdt genkey --type rsa/);
});

test('the keymaster of Chef takes an Ed25519 key', async t => {
  const board = await newBoard(t, { release: 'chef' });
  const host = seeing(await newHost(t), board);
  await generateIdentity(host.paths, { algorithm: 'ed25519', overwrite: true });
  t.is((await pairBoard(host)).method, 'keymaster');
});

test('the key does not go to another board that answers at an address of the chosen one', async t => {
  const chosen = await newBoard(t, { faults: { refuse: ['keymaster-500'] } });
  const other = await newBoard(t);
  const routes = [chosen, other].flatMap(board => asSeen(board).routes);
  const host = { ...(await newHost(t)), discover: () => Promise.resolve([{ ...asSeen(chosen), routes }]) };
  const error = await t.throwsAsync(pairBoard(host), { instanceOf: PairingRefusedError });
  t.regex(error.message, /another board answers/);
  t.deepEqual(await other.authorizedKeys(), []);
});

test('neither key nor password goes over a route that is not local by evidence, unless the network is allowed', async t => {
  const board = await newBoard(t, { allowPasswords: true });
  const host = await newHost(t);
  // This form of 127.0.0.1 leads to the board, and nothing shows that it stays on this host.
  const remote: Device = {
    ...asSeen(board),
    routes: [{ kind: 'ssh', medium: 'lan', address: '::ffff:127.0.0.1', port: board.sshPort }],
  };
  const far = { ...host, discover: () => Promise.resolve([remote]) };
  const error = await t.throwsAsync(pairBoard(far), { instanceOf: PairingRefusedError });
  t.regex(error.hint ?? '', /--allow-network/);
  t.deepEqual(await board.authorizedKeys(), []);
  t.is((await pairBoard(far, { allowNetwork: true })).method, 'password');
});

test('unpair takes the key off the board and the board off the list', async t => {
  const board = await newBoard(t);
  const host = seeing(await newHost(t), board);
  await pairBoard(host);
  t.is((await unpairBoard(host)).name, board.name);
  t.deepEqual(await board.authorizedKeys(), []);
  t.deepEqual(await loadKnownBoards(host.paths.knownBoardsFile), []);
  t.is((await pairBoard(host)).method, 'keymaster');
});

test('a board can be forgotten without being there', async t => {
  const board = await newBoard(t, { name: 'swift-otter' });
  const host = seeing(await newHost(t), board);
  await pairBoard(host);
  await board.close();
  await forgetKnownBoard(host, 'swift-otter');
  t.deepEqual(await loadKnownBoards(host.paths.knownBoardsFile), []);
  await t.throwsAsync(forgetKnownBoard(host, 'swift-otter'), { code: 'DEVICE_NOT_FOUND' });
});

test('resetkeys takes the MDT keys alone, and lets another host pair', async t => {
  const board = await newBoard(t, { name: 'swift-otter' });
  const host = seeing(await newHost(t), board);
  await pairBoard(host);
  const other = join(await tempDir(t), 'other.pub');
  await writeFile(other, 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJv1 someone@desk\n');
  t.true((await pushKeyFile(host, other)).added);
  t.false((await pushKeyFile(host, other)).added);
  await resetBoardKeys(host, { device: 'swift-otter' });
  t.deepEqual(await board.authorizedKeys(), ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJv1 someone@desk']);
  t.is((await pairBoard(seeing(await newHost(t), board))).method, 'keymaster');
});

test('resetkeys changes nothing where sudo asks for a password', async t => {
  const board = await newBoard(t, { name: 'swift-otter' });
  const host = seeing(await newHost(t), board);
  await pairBoard(host);
  const before = await board.authorizedKeys();
  board.faults = { sudoPassword: true };
  const error = await t.throwsAsync(resetBoardKeys(host, { device: 'swift-otter' }), {
    code: 'BOARD_REFUSED',
    message: /^The board cannot restart its keymaster: sudo asks for a password .* Nothing was changed\.$/,
  });
  t.like(error, { family: 'refused' });
  t.regex(String(Reflect.get(error, 'hint')), /sudo visudo/);
  t.deepEqual(await board.authorizedKeys(), before);
  t.is((await loadKnownBoards(host.paths.knownBoardsFile)).length, 1);
});

test('resetkeys puts the keys back where the keymaster does not restart', async t => {
  const board = await newBoard(t, { name: 'swift-otter' });
  const host = seeing(await newHost(t), board);
  await pairBoard(host);
  const before = await board.authorizedKeys();
  board.faults = { refuse: ['keymaster-restart'] };
  await t.throwsAsync(resetBoardKeys(host, { device: 'swift-otter' }), {
    code: 'BOARD_REFUSED',
    message: /does not restart: Job for mdt-keymaster\.service failed .*The keys are as they were\.$/,
  });
  t.deepEqual(await board.authorizedKeys(), before);
  t.is((await pairBoard(host)).method, 'already-paired');
});

const writeTroubles: readonly (readonly [string, Faults, RegExp])[] = [
  ['a full disk', { diskSizeBytes: 1 }, /its disk is full\. It is as it was\.$/],
  ['a read-only home', { readOnlyFolder: '/home' }, /its file system is read-only\. It is as it was\.$/],
];

for (const [trouble, faults, message] of writeTroubles) {
  test(`pushkey and unpair name ${trouble}, and leave nothing behind`, async t => {
    const board = await newBoard(t);
    const host = seeing(await newHost(t), board);
    await pairBoard(host);
    // Two keys, so that one is left to be written after the other is gone.
    const other = join(await tempDir(t), 'other.pub');
    await writeFile(other, 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJv1 someone@desk\n');
    await pushKeyFile(host, other);
    await writeFile(other, 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJv2 someone@desk\n');
    const before = await board.authorizedKeys();
    const ssh = join(board.rootDir, 'home', 'mendel', '.ssh');
    const files = await readdir(ssh);
    board.faults = faults;
    for (const change of [() => pushKeyFile(host, other), () => unpairBoard(host)]) {
      await t.throwsAsync(change(), { code: 'FILE', message });
    }
    t.deepEqual(await board.authorizedKeys(), before);
    t.deepEqual(await readdir(ssh), files);
  });
}

test('pushkey takes the public part of a private key, and refuses what is no key', async t => {
  const board = await newBoard(t);
  const host = seeing(await newHost(t), board);
  const guest = await newHost(t);
  await pushKeyFile(host, guest.paths.keyFile);
  const identity = await loadIdentity(guest.paths);
  t.true((await board.authorizedKeys()).includes(identity?.publicLine ?? 'none'));
  const file = join(await tempDir(t), 'notes.txt');
  await writeFile(file, 'hello\n');
  await t.throwsAsync(pushKeyFile(host, file), { instanceOf: UsageError });
  await t.throwsAsync(pushKeyFile(host, join(file, 'missing')), { code: 'FILE' });
});
