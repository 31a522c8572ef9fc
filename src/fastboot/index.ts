// The subpath `mendel-device-tool/fastboot`: bootloaders that speak fastboot, and the images that they take.
export {
  formatFastbootTarget,
  parseFastbootTarget,
  type FastbootTarget,
  type NetworkTarget,
  type UsbTarget,
} from '../device/fastboot-target.js';
export type { CancelWait, Clock } from '../time/clock.js';
export type { Deadline } from '../time/deadline.js';
export { connectFastboot, type ConnectOptions } from './connect.js';
export type { ClientOptions, FastbootClient } from './client.js';
export type { FlashRequest, FlashSummary } from './commands/flash.js';
export type { Sink } from './commands/upload.js';
export type { BoardMessage } from './exchange.js';
export type { Payload } from './payload.js';
export type { PreparedImage } from './image/prepare.js';
export type { Chunk, ChunkMap, FillChunk, RawChunk, Run, Skip } from './sparse/chunk.js';
export type { Transport } from './transport.js';
export type { FastbootTimeouts } from './timeouts.js';
export { FastbootFailError } from './fail-error.js';
export { FileImage, type FileImageOptions } from './image/file-image.js';
export { ImageError, type Extent, type Image, type ImageCursor, type Step } from './image/image.js';
export { streamImage, type StreamImageOptions } from './image/stream-image.js';
export { convertToRaw } from './sparse/convert-to-raw.js';
export { convertToSparse, type ConvertOptions } from './sparse/convert-to-sparse.js';
