import type { UsbDeviceFacts } from '../../src/discovery/usb-devices.js';

/** A board in fastboot, as this host sees it on USB. */
export function boardOnUsb(facts: Partial<UsbDeviceFacts> & { readonly usbPort: string }): UsbDeviceFacts {
  return {
    connection: `${facts.usbPort} first`,
    vendorId: 0x18d1,
    productId: 0x0d02,
    speaksFastboot: true,
    access: 'ready',
    ...facts,
  };
}
