// A USB device in software: it answers the standard requests of USB 2.0 chapter 9, and its pipes do the rest.
import { descriptorOf, type DeviceOptions } from './descriptors.js';
import { Pipe } from './pipe.js';

const NOTHING = Buffer.alloc(0);
const TYPE_BITS = 0x60;
const ENDPOINT_NUMBER = 0x0f;

export interface ControlRequest {
  readonly isTowardsHost: boolean;
  readonly request: number;
  readonly value: number;
  readonly lengthBytes: number;
}

export class EmulatedDevice {
  readonly options: DeviceOptions;
  readonly #pipes = new Map<number, Pipe>();
  readonly #answerRequest: (request: ControlRequest) => Buffer | undefined;
  #configuration = 0;

  /** `answerRequest`: for requests of its class or vendor; undefined is a stall. */
  constructor(
    options: DeviceOptions,
    answerRequest: (request: ControlRequest) => Buffer | undefined = () => undefined,
  ) {
    this.options = options;
    this.#answerRequest = answerRequest;
  }

  /** What flows over the endpoints of this number. */
  pipe(number: number): Pipe {
    const known = this.#pipes.get(number);
    if (known !== undefined) return known;
    const pipe = new Pipe();
    this.#pipes.set(number, pipe);
    return pipe;
  }

  /** A control transfer; undefined is a stall. */
  control(setup: Buffer): Buffer | undefined {
    const requestType = setup.readUInt8(0);
    const request = setup.readUInt8(1);
    const value = setup.readUInt16LE(2);
    const lengthBytes = setup.readUInt16LE(6);
    const isTowardsHost = requestType >= 0x80;
    if ((requestType & TYPE_BITS) !== 0) return this.#answerRequest({ isTowardsHost, request, value, lengthBytes });
    const isForEndpoint = (requestType & 0x1f) === 2;
    const pipe = isForEndpoint ? this.pipe(setup.readUInt16LE(4) & ENDPOINT_NUMBER) : undefined;
    switch (request) {
      case 0: // GET_STATUS
        return Buffer.from([pipe?.isStalled === true ? 1 : 0, 0]);
      case 1: // CLEAR_FEATURE
        pipe?.clearHalt();
        return NOTHING;
      case 6: // GET_DESCRIPTOR
        return descriptorOf(this.options, value >> 8, value & 0xff)?.subarray(0, lengthBytes);
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
}
