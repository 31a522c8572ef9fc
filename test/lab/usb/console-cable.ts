// The USB cable of a board's serial console: the console of a virtual board is on TCP, and goes over an emulated device.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { BoardBase } from './bare-board.js';
import type { DeviceOptions } from './descriptors.js';
import { EmulatedDevice, type ControlRequest } from './emulated-device.js';
import { HubPort } from './vhci.js';

/** The chip beside a Dev Board's micro-USB socket; its first port is the console, and nothing is behind its second. */
const CP2105: DeviceOptions = {
  speed: 'full',
  vendorId: 0x10c4,
  productId: 0xea70,
  serialNumber: '0096C6D5',
  interfaces: [
    { interfaceClass: [0xff, 0, 0], bulk: 1 },
    { interfaceClass: [0xff, 0, 0], bulk: 2 },
  ],
};

/** CP210X_GET_PARTNUM, and how the chip calls itself then; from drivers/usb/serial/cp210x.c of the Linux kernel. */
const GET_PART_NUMBER = { request: 0xff, value: 0x370b } as const;
const CP2105_PART_NUMBER = 5;

/** Header, call management, abstract control and union of both interfaces; USB CDC PSTN 1.2, section 5.3. */
const ACM_DESCRIPTORS = [5, 0x24, 0, 0x10, 1, 5, 0x24, 1, 0, 1, 4, 0x24, 2, 2, 5, 0x24, 6, 0, 1];

/** What Mendel shows: its gadget has the host name for a serial number. Of its functions this is ACM alone. */
function gadgetOf({ name }: BoardBase): DeviceOptions {
  return {
    speed: 'high',
    vendorId: 0x18d1,
    productId: 0x9303,
    serialNumber: name,
    interfaces: [
      { interfaceClass: [2, 2, 1], interrupt: 3, classDescriptors: ACM_DESCRIPTORS },
      { interfaceClass: [10, 0, 0], bulk: 1 },
    ],
  };
}

export type ConsoleKind = 'cp2105' | 'gadget';

export class ConsoleCable {
  readonly #board: BoardBase;
  readonly #options: DeviceOptions;
  readonly #port: HubPort;
  #socket: Socket | undefined;

  constructor(board: BoardBase, kind: ConsoleKind) {
    this.#board = board;
    this.#options = kind === 'cp2105' ? CP2105 : gadgetOf(board);
    this.#port = HubPort.take(this.#options.speed);
  }

  async plug(): Promise<void> {
    const device = new EmulatedDevice(this.#options, answerRequest);
    const pipe = device.pipe(1);
    const socket = connect(this.#board.consolePort ?? 0, this.#board.address);
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      // A serial line does not wait for somebody to open it.
      if (pipe.isListenedTo) pipe.send(bytes);
    });
    pipe.onData = bytes => {
      socket.write(bytes);
    };
    this.#socket = socket;
    await this.#port.plugIn(device);
  }

  async unplug(): Promise<void> {
    this.#socket?.destroy();
    await this.#port.unplug();
  }

  async close(): Promise<void> {
    await this.unplug();
    this.#port.release();
  }
}

/** Speed, line control and modem lines are all taken, and read as zeros. */
function answerRequest({ isTowardsHost, request, value, lengthBytes }: ControlRequest): Buffer {
  const answer = Buffer.alloc(isTowardsHost ? lengthBytes : 0);
  if (request === GET_PART_NUMBER.request && value === GET_PART_NUMBER.value) answer[0] = CP2105_PART_NUMBER;
  return answer;
}
