/** What is used of mdns-js 1.0.3, which has no types of its own. */
declare module 'mdns-js' {
  import type { Packet } from './mdns-message.js';

  /** What an Advertisement needs of its network; given by the caller instead of mdns-js's own. */
  export interface Network {
    on(event: 'packets', listener: (packets: readonly Packet[]) => void): void;
    addUsage(user: unknown, ready: () => void): void;
    send(packet: Packet, done?: () => void): void;
    stop(): void;
  }

  export interface AdvertisementOptions {
    readonly name: string;
    readonly txt?: Readonly<Record<string, string>>;
  }

  export interface Advertisement {
    port: number;
    options: AdvertisementOptions;
    /** 0 to 2: probing; 3: publishes next. */
    status: number;
    alias: string;
    start(): void;
  }

  const mdns: {
    Advertisement: new (
      network: Network,
      serviceType: unknown,
      port: number,
      options: AdvertisementOptions,
    ) => Advertisement;
    tcp(name: string): unknown;
  };
  export default mdns;
}
