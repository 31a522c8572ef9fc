/** What a USB device that belongs to a Coral board is there for. */
export type UsbMode = 'fastboot' | 'rom-download' | 'accelerator' | 'mendel' | 'serial-console';

export interface UsbId {
  /** Vendor and product as lsusb prints them. */
  readonly id: string;
  readonly mode: UsbMode;
  /** The board, and what shows the device, in a few words. */
  readonly board: string;
}

/**
 * Every USB device that a Coral board or accelerator is known to be. Sources: the USB gadget configurations of U-Boot's
 * boards imx8mq_phanbell (NXP) and Tinker Edge T (ASUS), Mendel's usb-gadget scripts, NXP's manufacturing tools, and
 * libedgetpu. udev/65-mendel.rules has a rule for each.
 */
export const USB_IDS: readonly UsbId[] = [
  { id: '0525:a4a5', mode: 'fastboot', board: 'Dev Board, fastboot of its U-Boot' },
  { id: '18d1:0d02', mode: 'fastboot', board: 'Dev Board, fastboot as NXP has it' },
  { id: '0b05:7771', mode: 'fastboot', board: 'Tinker Edge T, fastboot' },
  { id: '1fc9:012b', mode: 'rom-download', board: 'Dev Board, ROM download mode of the i.MX8MQ' },
  { id: '1a6e:089a', mode: 'accelerator', board: 'USB Accelerator before its first use' },
  { id: '18d1:9302', mode: 'accelerator', board: 'USB Accelerator after its first use' },
  { id: '18d1:9303', mode: 'mendel', board: 'Dev Board, Mendel Day and later' },
  { id: '18d1:9304', mode: 'mendel', board: 'Dev Board Mini, Mendel' },
  { id: '04e8:0106', mode: 'mendel', board: 'Dev Board, Mendel Chef' },
  { id: '10c4:ea70', mode: 'serial-console', board: 'Dev Board, serial console (CP2105)' },
];

export function usbIdOf(device: { vendorId: number; productId: number }): UsbId | undefined {
  return USB_IDS.find(known => known.id === formatUsbId(device));
}

/** Vendor and product as lsusb prints them: `1fc9:012b`. */
export function formatUsbId({ vendorId, productId }: { vendorId: number; productId: number }): string {
  return [vendorId, productId].map(id => id.toString(16).padStart(4, '0')).join(':');
}

/** Class, subclass and protocol of the one interface that speaks fastboot, whoever made the board. */
export const FASTBOOT_INTERFACE = { class: 0xff, subclass: 0x42, protocol: 0x03 } as const;

/**
 * Bus-port path as the Linux kernel names USB devices: the bus, and the ports on the way, such as `1-1.4`. Other systems
 * name their buses otherwise, but a path there, too, is one place on this host.
 */
export function usbPortPath(bus: string, ports: readonly number[]): string {
  return `${bus.replace(/^0+(?=\d)/, '')}-${ports.join('.')}`;
}

/** What to do where a board on USB may not be opened by this user. */
export const UDEV_HINT = 'Run `sudo mdt udev install`, then plug the board in again.';
