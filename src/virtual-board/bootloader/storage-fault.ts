/** Something about the eMMC or an image went wrong that the bootloader tells with FAIL and this text. */
export class StorageFault extends Error {}
