// Troubles of a board in its bootloader, on request.
import { randomBytes } from 'node:crypto';
import test from 'ava';
import { ProtocolError, TimeoutError, TransportError } from '../../../src/errors.js';
import { FastbootFailError } from '../../../src/fastboot/fail-error.js';
import { mergeFaults, parseFault } from '../../../src/virtual-board/faults.js';
import { bytesImage } from '../../fakes/fastboot/bytes-image.js';
import { connectFastboot } from '../../../src/fastboot/connect.js';
import { boardWithLoader, fastbootOf, MIB, powerBecomes } from './loader-desk.js';

test('faults of the bootloader are read as they are written on a command line', t => {
  t.deepEqual(parseFault('fail=flash:rootfs'), { failSteps: ['flash:rootfs'] });
  t.deepEqual(parseFault('hang=download'), { hangSteps: ['download'] });
  t.deepEqual(parseFault('garble=getvar:product'), { garbleSteps: ['getvar:product'] });
  t.deepEqual(parseFault('drop-download=1M'), { dropDownloadAtByte: MIB });
  t.deepEqual(parseFault('no-return'), { noReturn: true });
  for (const wrong of ['fail', 'fail=', 'hang=a b', 'no-return=1', 'drop-download=x']) {
    t.throws(() => parseFault(wrong), { code: 'USAGE' }, wrong);
  }
  t.deepEqual(mergeFaults(['fail=erase', 'fail=flash', 'hang=boot'].map(parseFault)), {
    failSteps: ['erase', 'flash'],
    hangSteps: ['boot'],
  });
});

test('a step fails, all others go on', async t => {
  const board = await boardWithLoader(t, { system: 'none' }, { faults: { failSteps: ['flash:boot'] } });
  await using client = await fastbootOf(board);
  const image = bytesImage(randomBytes(512));
  await t.throwsAsync(client.flash({ partition: 'boot', image }), { instanceOf: FastbootFailError });
  await t.notThrowsAsync(client.flash({ partition: 'rootfs', image }));
});

for (const protocol of ['tcp', 'udp'] as const) {
  test(`${protocol}: a step is never answered`, async t => {
    const board = await boardWithLoader(t, { system: 'none' }, { faults: { hangSteps: ['erase:misc'] } });
    const port = (protocol === 'tcp' ? board.fastbootPort : board.fastbootUdpPort) ?? 0;
    const target = { protocol, host: '127.0.0.1', port };
    const client = await connectFastboot(target, { timeouts: { eraseMs: 300 } });
    await t.throwsAsync(client.erase('misc'), { instanceOf: TimeoutError });
    await client.close();
    await using next = await fastbootOf(board, protocol);
    t.is(await next.getvar('version'), '0.4');
  });

  test(`${protocol}: an answer is garbage`, async t => {
    const board = await boardWithLoader(t, { system: 'none' }, { faults: { garbleSteps: ['getvar:product'] } });
    await using client = await fastbootOf(board, protocol);
    await t.throwsAsync(client.getvar('product'), { instanceOf: ProtocolError });
  });
}

test('the link breaks at a byte of a download, once', async t => {
  const board = await boardWithLoader(t, { system: 'none' }, { faults: { dropDownloadAtByte: 3000 } });
  const image = bytesImage(randomBytes(4096));
  const client = await fastbootOf(board);
  await t.throwsAsync(client.flash({ partition: 'boot', image }), { instanceOf: TransportError });
  await client.close();
  await using next = await fastbootOf(board);
  await t.notThrowsAsync(next.flash({ partition: 'boot', image }));
});

test('a slow link', async t => {
  const board = await boardWithLoader(t, { system: 'none' }, { faults: { slowBytesPerS: 100_000 } });
  for (const protocol of ['tcp', 'udp'] as const) {
    await using client = await fastbootOf(board, protocol);
    const startedAt = performance.now();
    await client.flash({ partition: 'boot', image: bytesImage(randomBytes(40_960)) });
    t.true(performance.now() - startedAt >= 250, protocol);
  }
});

test('a board that does not come back, until it is switched off and on', async t => {
  const board = await boardWithLoader(t, { system: 'none' }, { faults: { noReturn: true } });
  await using client = await fastbootOf(board);
  await client.rebootBootloader();
  await powerBecomes(board, 'off');
  await t.throwsAsync(fastbootOf(board), { instanceOf: TransportError });
  await board.powerCycle();
  t.is(board.power, 'bootloader');
});
