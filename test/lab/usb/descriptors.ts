// What a USB device says of itself: the descriptors of USB 2.0 chapter 9 and, at super speed, of USB 3.2 chapter 9.
export type Speed = 'full' | 'high' | 'super';

export interface InterfaceOptions {
  /** Class, subclass and protocol. */
  readonly interfaceClass: readonly [number, number, number];
  /** Number of its two bulk endpoints, one each way. */
  readonly bulk?: number;
  /** Number of its interrupt endpoint, towards the host. */
  readonly interrupt?: number;
  /** Descriptors that its class has beside those of USB. */
  readonly classDescriptors?: readonly number[];
}

export interface DeviceOptions {
  readonly speed: Speed;
  readonly vendorId: number;
  readonly productId: number;
  readonly serialNumber: string;
  readonly interfaces: readonly InterfaceOptions[];
}

const BULK = 2;
const INTERRUPT = 3;
const TOWARDS_HOST = 0x80;
const BULK_BYTES: Readonly<Record<Speed, number>> = { full: 64, high: 512, super: 1024 };
const INTERRUPT_BYTES = 16;

/** Undefined for what such a device does not have. */
export function descriptorOf(options: DeviceOptions, type: number, index: number): Buffer | undefined {
  const { speed } = options;
  switch (type) {
    case 1:
      return deviceDescriptor(options);
    case 2:
      return configurationDescriptor(options);
    case 3:
      return stringDescriptor(index, options.serialNumber);
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

function deviceDescriptor({ speed, vendorId, productId }: DeviceOptions): Buffer {
  const isSuper = speed === 'super';
  const bytes = Buffer.from([18, 1, 0, isSuper ? 3 : 2, 0, 0, 0, isSuper ? 9 : 64, 0, 0, 0, 0, 0, 1, 1, 2, 3, 1]);
  bytes.writeUInt16LE(vendorId, 8);
  bytes.writeUInt16LE(productId, 10);
  return bytes;
}

function configurationDescriptor({ speed, interfaces }: DeviceOptions): Buffer {
  const body = interfaces.flatMap((one, number) => interfaceDescriptors(one, number, speed));
  const totalBytes = body.length + 9;
  return Buffer.from([9, 2, totalBytes & 0xff, totalBytes >> 8, interfaces.length, 1, 0, 0x80, 50, ...body]);
}

function interfaceDescriptors(options: InterfaceOptions, number: number, speed: Speed): number[] {
  const { interfaceClass, bulk, interrupt, classDescriptors = [] } = options;
  const endpoint = (address: number, type: number, packetBytes: number): number[] => [
    ...[7, 5, address, type, packetBytes & 0xff, packetBytes >> 8, type === INTERRUPT ? 9 : 0],
    // SUPERSPEED_USB_ENDPOINT_COMPANION
    ...(speed === 'super' ? [6, 0x30, 0, 0, 0, 0] : []),
  ];
  const endpoints = [
    ...(interrupt === undefined ? [] : [endpoint(TOWARDS_HOST | interrupt, INTERRUPT, INTERRUPT_BYTES)]),
    ...(bulk === undefined
      ? []
      : [endpoint(TOWARDS_HOST | bulk, BULK, BULK_BYTES[speed]), endpoint(bulk, BULK, BULK_BYTES[speed])]),
  ];
  return [9, 4, number, 0, endpoints.length, ...interfaceClass, 0, ...classDescriptors, ...endpoints.flat()];
}

function stringDescriptor(index: number, serialNumber: string): Buffer | undefined {
  if (index === 0) return Buffer.from([4, 3, 9, 4]);
  const text = ['Lab', 'Emulated board', serialNumber][index - 1];
  if (text === undefined) return undefined;
  const characters = Buffer.from(text, 'utf16le');
  return Buffer.concat([Buffer.from([characters.length + 2, 3]), characters]);
}
