// A USB device in software: descriptors, the standard requests of USB 2.0 chapter 9, and bulk endpoints.
export type Speed = 'full' | 'high' | 'super';

export interface DeviceOptions {
  readonly speed: Speed;
  readonly vendorId: number;
  readonly productId: number;
  readonly serialNumber: string;
  /** Class, subclass and protocol of its one interface. */
  readonly interfaceClass: readonly [number, number, number];
}

/** How a transfer ends: Linux error numbers, as USB/IP carries them. */
export const STATUS = { ok: 0, stall: -32, unlinked: -104 } as const;

export interface Transfer {
  readonly lengthBytes: number;
  end(status: number, data?: Buffer): void;
}

const ENDPOINT_IN = 0x81;
const ENDPOINT_OUT = 0x01;
const NOTHING = Buffer.alloc(0);

/** One interface with a bulk endpoint each way, numbered 1. */
export class EmulatedDevice {
  readonly options: DeviceOptions;
  /** What the host sends, transfer by transfer; accepted when it resolves. */
  onData: (data: Buffer) => void = () => undefined;
  /** Ends when the device is told so; until then transfers to it are not answered. */
  isDeaf = false;
  /** Transfers to it that it has left unanswered. */
  heldWrites = 0;
  readonly #answers: { readonly data: Buffer; readonly onTaken: () => void }[] = [];
  readonly #reads: Transfer[] = [];
  #isStalled = false;
  #configuration = 0;

  constructor(options: DeviceOptions) {
    this.options = options;
  }

  /** Queues what one read of the host gets. */
  send(data: Buffer, onTaken: () => void = () => undefined): void {
    this.#answers.push({ data, onTaken });
    this.#serve();
  }

  /** Every read fails until the host clears the endpoint. */
  stall(): void {
    this.#isStalled = true;
    this.#serve();
  }

  reset(): void {
    this.#answers.length = 0;
    this.#reads.length = 0;
    this.#isStalled = false;
    this.#configuration = 0;
  }

  read(transfer: Transfer): void {
    this.#reads.push(transfer);
    this.#serve();
  }

  forgetRead(transfer: Transfer): void {
    const index = this.#reads.indexOf(transfer);
    if (index >= 0) this.#reads.splice(index, 1);
  }

  write(transfer: Transfer, data: Buffer): void {
    if (this.isDeaf) {
      this.heldWrites++;
      return;
    }
    transfer.end(STATUS.ok);
    this.onData(data);
  }

  /** A control transfer; undefined is a stall. */
  control(setup: Buffer): Buffer | undefined {
    const request = setup.readUInt8(1);
    const value = setup.readUInt16LE(2);
    const isForEndpoint = (setup.readUInt8(0) & 0x1f) === 2;
    const length = setup.readUInt16LE(6);
    switch (request) {
      case 0: // GET_STATUS
        return Buffer.from([isForEndpoint && this.#isStalled ? 1 : 0, 0]);
      case 1: // CLEAR_FEATURE
        if (isForEndpoint) this.#isStalled = false;
        return NOTHING;
      case 6: // GET_DESCRIPTOR
        return this.#descriptor(value >> 8, value & 0xff)?.subarray(0, length);
      case 8: // GET_CONFIGURATION
        return Buffer.from([this.#configuration]);
      case 9: // SET_CONFIGURATION
        this.#configuration = value & 0xff;
        return NOTHING;
      case 11: // SET_INTERFACE
      case 0x30: // SET_SEL
      case 0x31: // SET_ISOCH_DELAY
        return NOTHING;
      default:
        return undefined;
    }
  }

  #serve(): void {
    while (this.#isStalled && this.#reads.length > 0) this.#reads.shift()?.end(STATUS.stall);
    while (this.#reads.length > 0 && this.#answers.length > 0) {
      const answer = this.#answers.shift();
      this.#reads.shift()?.end(STATUS.ok, answer?.data);
      answer?.onTaken();
    }
  }

  #descriptor(type: number, index: number): Buffer | undefined {
    const { speed } = this.options;
    switch (type) {
      case 1:
        return this.#deviceDescriptor();
      case 2:
        return configurationDescriptor(this.options);
      case 3:
        return stringDescriptor(index, this.options.serialNumber);
      case 6: // DEVICE_QUALIFIER: what it would be at full speed
        return speed === 'high' ? Buffer.from([10, 6, 0, 2, 0, 0, 0, 64, 1, 0]) : undefined;
      case 15: // BOS: link power management, super speed
        return speed === 'super'
          ? Buffer.from([5, 15, 22, 0, 2, 7, 16, 2, 2, 0, 0, 0, 10, 16, 3, 0, 0x0e, 0, 1, 10, 0xff, 7])
          : undefined;
      default:
        return undefined;
    }
  }

  #deviceDescriptor(): Buffer {
    const { speed, vendorId, productId } = this.options;
    const isSuper = speed === 'super';
    const bytes = Buffer.from([18, 1, 0, isSuper ? 3 : 2, 0, 0, 0, isSuper ? 9 : 64, 0, 0, 0, 0, 0, 1, 1, 2, 3, 1]);
    bytes.writeUInt16LE(vendorId, 8);
    bytes.writeUInt16LE(productId, 10);
    return bytes;
  }
}

function configurationDescriptor({ speed, interfaceClass }: DeviceOptions): Buffer {
  const packetBytes = { full: 64, high: 512, super: 1024 }[speed];
  const endpoint = (address: number): number[] => [
    ...[7, 5, address, 2, packetBytes & 0xff, packetBytes >> 8, 0],
    // SUPERSPEED_USB_ENDPOINT_COMPANION
    ...(speed === 'super' ? [6, 0x30, 0, 0, 0, 0] : []),
  ];
  const body = [9, 4, 0, 0, 2, ...interfaceClass, 0, ...endpoint(ENDPOINT_IN), ...endpoint(ENDPOINT_OUT)];
  return Buffer.from([9, 2, body.length + 9, 0, 1, 1, 0, 0x80, 50, ...body]);
}

function stringDescriptor(index: number, serialNumber: string): Buffer | undefined {
  if (index === 0) return Buffer.from([4, 3, 9, 4]);
  const text = ['Lab', 'Emulated board', serialNumber][index - 1];
  if (text === undefined) return undefined;
  const characters = Buffer.from(text, 'utf16le');
  return Buffer.concat([Buffer.from([characters.length + 2, 3]), characters]);
}
