// The public library: an export list, nothing else.
export * from './errors.js';
export type { Device, DeviceState } from './device/device.js';
export { formatRoute, type Route, type SshRoute } from './device/route.js';
export { parseSelector, type DeviceSelector } from './device/selector.js';
export type * from './tflite/model.js';
export { readModelFile } from './tflite/model-file.js';
export { ModelFormatError } from './tflite/model-format-error.js';
export { readModel } from './tflite/read-model.js';
export { warningsOf, type ModelWarning, type NamedModel } from './tflite/warnings.js';
export type { LongOperation, OnProgress, ProgressEvent } from './time/progress.js';
