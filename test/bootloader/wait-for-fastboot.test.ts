import test, { type ExecutionContext } from 'ava';
import type { FastbootTarget } from '../../src/device/fastboot-target.js';
import { formatFastbootTarget } from '../../src/device/fastboot-target.js';
import type { UsbDeviceFacts } from '../../src/discovery/usb-devices.js';
import { DeviceNotFoundError, PermissionError, TimeoutError, TransportError, UsageError } from '../../src/errors.js';
import { FastbootClient } from '../../src/fastboot/client.js';
import { boardOnNetwork, listFastbootBoards, type FastbootBoard } from '../../src/bootloader/fastboot-boards.js';
import type { Expected } from '../../src/bootloader/same-board.js';
import { reconnect, waitForFastboot, type WaitOptions } from '../../src/bootloader/wait-for-fastboot.js';
import { ScriptedTransport, type Line } from '../fakes/fastboot/scripted-transport.js';
import { boardOnUsb } from '../fakes/usb-boards.js';

const MINI = '0123456789abcdef';
const OWN = '1b0741d6f0609912';
const ANSWER: readonly Line[] = [{ expect: 'getvar:serialno' }, { deliver: `OKAY${OWN}` }];

interface Desk extends WaitOptions {
  readonly connect: NonNullable<WaitOptions['connect']>;
  /** Where it connected, in order. */
  readonly connected: string[];
}

/** A host whose USB looks like each of `looks` in turn, then goes on to look like the last one. */
function desk(
  t: ExecutionContext,
  looks: readonly (readonly UsbDeviceFacts[])[],
  connect: (turn: number) => FastbootClient = () => clientOf(t, ANSWER),
): Desk {
  const connected: string[] = [];
  let look = 0;
  return {
    connected,
    operation: 'waiting for the board',
    timeoutMs: 60_000,
    list: () => Promise.resolve(looks[Math.min(look++, looks.length - 1)] ?? []),
    connect: (target: FastbootTarget) => {
      connected.push(formatFastbootTarget(target));
      return Promise.resolve().then(() => connect(connected.length));
    },
  };
}

function clientOf(t: ExecutionContext, lines: readonly Line[]): FastbootClient {
  return new FastbootClient(new ScriptedTransport(t, lines));
}

async function seen(facts: UsbDeviceFacts): Promise<FastbootBoard> {
  const [board] = await listFastbootBoards(() => Promise.resolve([facts]));
  if (board === undefined) throw new Error('not in fastboot');
  return board;
}

/** The port at which the board that is waited for was found. */
async function portOf(
  t: ExecutionContext,
  expected: Expected,
  looks: readonly (readonly UsbDeviceFacts[])[],
): Promise<string | undefined> {
  const { board, client } = await waitForFastboot([expected], desk(t, looks));
  await client.close();
  return board.route.usbPort;
}

const at = (usbPort: string, serialNumber: string, turn = 'first'): UsbDeviceFacts =>
  boardOnUsb({ usbPort, serialNumber, connection: `${usbPort} ${turn}` });

test('a board that has not gone yet is not taken for one that is back', async t => {
  const board = await seen(at('1-1', OWN));
  const host = desk(t, [[at('1-1', OWN)], [at('1-1', OWN)], [], [at('1-1', OWN, 'second')]]);
  const back = await waitForFastboot([{ kind: 'return', board }], host);
  t.is(back.board.connection, '1-1 second');
  t.is(host.connected.length, 1);
});

test('a board with a number of its own is the same at any port, and no other is', async t => {
  const board = await seen(at('1-1', OWN));
  const other = at('1-1', 'ffff41d6f0609912', 'second');
  t.is(await portOf(t, { kind: 'return', board }, [[other], [other, at('1-7', OWN, 'second')]]), '1-7');
});

test('where numbers repeat the port tells, at either speed', async t => {
  const board = await seen(at('1-1', MINI));
  const stranger = at('1-2', MINI, 'second');
  t.is(await portOf(t, { kind: 'return', board }, [[stranger], [stranger, at('1-1', MINI, 'second')]]), '1-1');
  const faster = { ...at('2-1', MINI, 'second'), companionPort: '1-1' };
  t.is(await portOf(t, { kind: 'return', board }, [[stranger, faster]]), '2-1');
  const twins = [at('1-1', OWN, 'second'), at('1-2', OWN, 'second')];
  t.is(
    await portOf(t, { kind: 'return', board: await seen(at('1-2', OWN)) }, [twins]),
    '1-2',
    'two that claim one number',
  );
});

test('a board on its way is the new one at its port, at either speed', async t => {
  const before = [await seen(at('1-9', OWN))];
  const there = at('1-1', OWN, 'second');
  const elsewhere = at('1-2', MINI, 'second');
  const old = at('1-9', OWN);
  const arrival = { kind: 'arrival', before, usbPort: '1-1' } as const;
  t.is(
    await portOf(t, arrival, [
      [old, elsewhere],
      [old, elsewhere, there],
    ]),
    '1-1',
    'another one is left alone',
  );
  const slower = { ...at('3-1', OWN, 'second'), companionPort: '1-1' };
  t.is(await portOf(t, arrival, [[old, elsewhere, slower]]), '3-1');
  const ofAnotherSocket = { ...at('3-2', MINI, 'second'), companionPort: '1-2' };
  t.is(await portOf(t, arrival, [[ofAnotherSocket], [ofAnotherSocket, there]]), '1-1');
  t.is(await portOf(t, arrival, [[old, at('3-1', OWN, 'second')]]), '3-1', 'which ports are one socket is not told');
});

test('a board of which no port is known is the only new one', async t => {
  const arrival = { kind: 'arrival', before: [await seen(at('1-9', OWN))] } as const;
  const [first, second] = [at('1-1', MINI, 'second'), at('1-2', MINI, 'second')];
  t.is(await portOf(t, arrival, [[at('1-9', OWN)], [first, second], [at('1-9', OWN), second]]), '1-2');
});

test('a board that is there but not ready is asked again', async t => {
  const board = await seen(at('1-1', OWN));
  const troubles = [
    (): never => {
      throw new DeviceNotFoundError('not yet');
    },
    (): FastbootClient => clientOf(t, [{ expect: 'getvar:serialno' }, { fail: 'lost' }]),
    (): FastbootClient => clientOf(t, [{ expect: 'getvar:serialno' }, { deliver: 'garbage' }]),
    (): FastbootClient => clientOf(t, [{ expect: 'getvar:serialno' }, { deliver: 'FAIL' }]),
  ];
  const host = desk(t, [[at('1-1', OWN, 'second')]], turn => (troubles[turn - 1] ?? t.fail)());
  const { client } = await waitForFastboot([{ kind: 'return', board }], host);
  await client.close();
  t.is(host.connected.length, 4, 'a refusal is an answer');
});

test('what no time will mend ends the wait at once', async t => {
  const host = desk(t, [[at('1-1', OWN, 'second')]], () => {
    throw new UsageError('never');
  });
  await t.throwsAsync(waitForFastboot([{ kind: 'return', board: await seen(at('1-1', OWN)) }], host), {
    instanceOf: UsageError,
  });
  const list = (): Promise<never> => Promise.reject(Object.assign(new Error(), { code: 'ENOENT' }));
  await t.throwsAsync(waitForFastboot([{ kind: 'arrival', before: [] }], { ...desk(t, []), list }), {
    instanceOf: TransportError,
  });
});

test('a board that does not come back is told with what to check, one that is shut with why', async t => {
  const board = await seen(at('1-1', OWN));
  const error = await t.throwsAsync(waitForFastboot([{ kind: 'return', board }], { ...desk(t, [[]]), timeoutMs: 50 }), {
    instanceOf: TimeoutError,
    message: /waiting for the board\.$/,
  });
  t.regex(error.hint ?? '', /cable and the power supply/);
  const shut = desk(t, [[at('1-1', OWN, 'second')]], () => {
    throw new PermissionError('It may not be opened.');
  });
  await t.throwsAsync(waitForFastboot([{ kind: 'return', board }], { ...shut, timeoutMs: 2000 }), {
    instanceOf: PermissionError,
  });
});

test('a board that was told to restart is met again: its old connection ends, and there is a new one', async t => {
  const board = await seen(at('1-1', OWN));
  const transport = new ScriptedTransport(t, []);
  const host = desk(t, [[at('1-1', OWN)], [at('1-1', OWN, 'second')]]);
  const back = await reconnect({ board, client: new FastbootClient(transport) }, host);
  t.is(back.board.connection, '1-1 second');
  t.true(transport.isClosed);
});

test('on the network a board that still has its connection has not gone', async t => {
  const client = clientOf(t, [{ fail: 'lost' }]);
  const host = desk(t, []);
  const board = boardOnNetwork({ protocol: 'tcp', host: '10.0.0.7' });
  const back = await reconnect({ board, client }, { ...host, serialNumber: OWN });
  t.is(back.board, board);
  t.deepEqual(host.connected, ['tcp:10.0.0.7']);
});

test('another board at the address of the one that restarts ends the wait', async t => {
  const transport = new ScriptedTransport(t, ANSWER);
  const host = desk(t, [], () => new FastbootClient(transport));
  const board = boardOnNetwork({ protocol: 'udp', host: '10.0.0.7' });
  const error = await t.throwsAsync(
    reconnect({ board, client: clientOf(t, []) }, { ...host, serialNumber: 'ffff41d6f0609912' }),
    { instanceOf: DeviceNotFoundError, message: 'Another board answers at udp:10.0.0.7 now.' },
  );
  t.regex(error.hint ?? '', /--resume/);
  t.true(transport.isClosed);
});

test('of several places the first at which a board answers counts, and it is connected once', async t => {
  const host = desk(t, [[], [at('1-1', OWN)]]);
  const expected: Expected[] = [
    { kind: 'arrival', before: [] },
    { kind: 'return', board: boardOnNetwork({ protocol: 'tcp', host: '10.0.0.7' }) },
  ];
  const { board, client } = await waitForFastboot(expected, {
    ...host,
    connect: (target, options) =>
      target.protocol === 'usb'
        ? host.connect(target, options)
        : Promise.reject(new TransportError('Nothing listens there.')),
  });
  await client.close();
  t.is(board.route.usbPort, '1-1');
  t.deepEqual(host.connected, ['usb:1-1']);
});
