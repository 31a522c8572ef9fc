// The public library: an export list, nothing else.
export * from './errors.js';
export type { Device, DeviceState } from './device/device.js';
export { formatRoute, type Route, type SshRoute } from './device/route.js';
export { parseSelector, type DeviceSelector } from './device/selector.js';
export type { LongOperation, OnProgress, ProgressEvent } from './time/progress.js';
