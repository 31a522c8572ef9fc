/** What of the npm package `usb` 3.x is used: a part of WebUSB, and where on this host a device is plugged in. */
export interface UsbPackage {
  readonly usb: { getDevices(): Promise<UsbDevice[]> };
}

export interface UsbDevice {
  readonly bus: string;
  readonly ports: readonly number[];
  /** Undefined or throws where the device cannot be asked for its descriptors. */
  readonly configuration: { readonly interfaces: readonly UsbInterface[] };
  open(): Promise<void>;
  /** Waits for transfers that are under way; releases no interface. */
  close(): Promise<void>;
  claimInterface(interfaceNumber: number): Promise<void>;
  releaseInterface(interfaceNumber: number): Promise<void>;
  /** Drops what comes beyond `length`. */
  transferIn(
    endpointNumber: number,
    length: number,
    timeoutMs: number,
  ): Promise<{ readonly data?: DataView | undefined }>;
  /** One request to the kernel, however long `data` is. */
  transferOut(endpointNumber: number, data: Uint8Array, timeoutMs: number): Promise<{ readonly bytesWritten: number }>;
  clearHalt(direction: 'in' | 'out', endpointNumber: number): Promise<void>;
}

export interface UsbInterface {
  readonly interfaceNumber: number;
  readonly alternate: {
    readonly interfaceClass: number;
    readonly interfaceSubclass: number;
    readonly interfaceProtocol: number;
    readonly endpoints: readonly UsbEndpoint[];
  };
}

export interface UsbEndpoint {
  readonly endpointNumber: number;
  readonly direction: string;
  readonly type: string;
  readonly packetSize: number;
}
