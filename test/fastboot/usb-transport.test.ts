import test from 'ava';
import {
  AbortedError,
  DeviceBusyError,
  DeviceNotFoundError,
  PermissionError,
  TransportError,
} from '../../src/errors.js';
import type { UsbDevice, UsbPackage } from '../../src/fastboot/usb-package.js';
import { UsbTransport } from '../../src/fastboot/usb-transport.js';

const TARGET = { protocol: 'usb', usbPort: '1-1.4' } as const;
const DEADLINE = { operation: 'testing', timeoutMs: 60_000 };

/** The package with one board at 1-1.4, which writes down what is asked of it. */
function fake(changes: Partial<UsbDevice> = {}): { load: () => Promise<UsbPackage>; calls: string[] } {
  const calls: string[] = [];
  const endpoint = { endpointNumber: 1, type: 'bulk', packetSize: 512 };
  const alternate = {
    interfaceClass: 0xff,
    interfaceSubclass: 0x42,
    interfaceProtocol: 3,
    endpoints: [
      { ...endpoint, direction: 'in' },
      { ...endpoint, direction: 'out' },
    ],
  };
  const note = (name: string) => (): Promise<void> => {
    calls.push(name);
    return Promise.resolve();
  };
  const device: UsbDevice = {
    bus: '001',
    ports: [1, 4],
    configuration: { interfaces: [{ interfaceNumber: 0, alternate }] },
    open: note('open'),
    close: note('close'),
    claimInterface: note('claim'),
    releaseInterface: note('release'),
    clearHalt: note('clear'),
    transferIn: () => Promise.resolve({ data: new DataView(new TextEncoder().encode('OKAY0.4').buffer) }),
    transferOut: (_endpoint, data) => {
      calls.push(`out ${String(data.length)}`);
      return Promise.resolve({ bytesWritten: data.length });
    },
    ...changes,
  };
  return { load: () => Promise.resolve({ usb: { getDevices: () => Promise.resolve([device]) } }), calls };
}

test('an interface is released before its device is closed, once', async t => {
  const { load, calls } = fake();
  const transport = await UsbTransport.open(TARGET, { load });
  await transport.send(Buffer.from('getvar:version'), DEADLINE);
  t.is((await transport.receive(512, DEADLINE)).toString(), 'OKAY0.4');
  await transport.close();
  await transport.close();
  t.deepEqual(calls, ['open', 'claim', 'out 14', 'release', 'close']);
});

test('no packet of length zero is ever sent', async t => {
  const { load, calls } = fake();
  await using transport = await UsbTransport.open(TARGET, { load });
  await transport.send(new Uint8Array(), DEADLINE);
  t.false(calls.some(call => call.startsWith('out')));
});

test('what the system refuses is told by its cause', async t => {
  const refusing = (message: string): { load: () => Promise<UsbPackage> } =>
    fake({ open: () => Promise.reject(new Error(message)) });
  await t.throwsAsync(UsbTransport.open(TARGET, refusing('open error: errno 13')), { instanceOf: PermissionError });
  await t.throwsAsync(UsbTransport.open(TARGET, refusing('interface is busy (errno 16)')), {
    instanceOf: DeviceBusyError,
  });
  await t.throwsAsync(UsbTransport.open({ ...TARGET, usbPort: '1-1' }, fake()), { instanceOf: DeviceNotFoundError });
  const load = (): Promise<never> => Promise.reject(new Error('no native binding'));
  await t.throwsAsync(UsbTransport.open(TARGET, { load }), { instanceOf: TransportError, message: /cannot be loaded/ });
});

test('a stall is an error, and is cleared for who comes next', async t => {
  const { load, calls } = fake({ transferIn: () => Promise.reject(new Error('transferIn error: Stall')) });
  await using transport = await UsbTransport.open(TARGET, { load });
  await t.throwsAsync(transport.receive(512, DEADLINE), { instanceOf: TransportError, message: /stall/ });
  t.true(calls.includes('clear'));
});

test('a board that is gone is told as that, by a transfer under way and by one that begins later', async t => {
  for (const words of ['Disconnected', 'endpoint not found']) {
    const { load } = fake({ transferIn: () => Promise.reject(new Error(`transferIn error: ${words}`)) });
    await using transport = await UsbTransport.open(TARGET, { load });
    await t.throwsAsync(transport.receive(512, DEADLINE), { instanceOf: TransportError, message: /was unplugged/ });
  }
});

test('a write that the board does not take does not hold up who gives up, even where the package refuses to let go', async t => {
  const busy = (): never => {
    throw new Error('is in use');
  };
  const { load } = fake({ transferOut: () => new Promise(() => undefined), releaseInterface: busy, close: busy });
  const transport = await UsbTransport.open(TARGET, { load });
  const giveUp = new AbortController();
  const sent = transport.send(Buffer.from('getvar:version'), {
    ...DEADLINE,
    timeoutMs: 600_000,
    signal: giveUp.signal,
  });
  giveUp.abort();
  await t.throwsAsync(sent, { instanceOf: AbortedError });
  await t.notThrowsAsync(transport.close());
});
