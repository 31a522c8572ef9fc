import type { Hello } from '../agent/messages.js';

/** Boards that Google has published times of. */
export type ReferenceBoard = 'Dev Board' | 'Raspberry Pi 4 + USB' | 'x86-64 + USB 3';

/** Mean milliseconds of 200 inferences, first included: pycoral/benchmarks/reference of google-coral/pycoral. */
const EDGE_TPU: Readonly<Record<string, readonly [devBoard: number, pi4: number, x86: number]>> = {
  inception_v1_224_quant: [4.0, 6.21, 3.06],
  inception_v4_299_quant: [100.33, 141.2, 84.25],
  ssd_mobilenet_v1_coco_quant_postprocess: [14.83, 15.09, 10.02],
  ssd_mobilenet_v2_face_quant_postprocess: [7.78, 9.31, 5.36],
  'mobilenet_v1_1.0_224_quant': [2.22, 4.2, 2.17],
  'mobilenet_v2_1.0_224_quant': [2.56, 4.55, 2.29],
};
/** Mean milliseconds of 20 inferences on the CPU; there are none of the Raspberry Pi. Same source. */
const CPU: Readonly<Record<string, readonly [devBoard: number, pi4: undefined, x86: number]>> = {
  inception_v1_224_quant: [412.79, undefined, 90.17],
  inception_v4_299_quant: [3328.34, undefined, 703.24],
  ssd_mobilenet_v1_coco_quant_postprocess: [391.34, undefined, 95.59],
  ssd_mobilenet_v2_face_quant_postprocess: [355.48, undefined, 98.57],
  'mobilenet_v1_1.0_224_quant': [184.99, undefined, 43.89],
  'mobilenet_v2_1.0_224_quant': [160.94, undefined, 46.59],
};
/** The model that imprinting was published for, and its milliseconds. Same source. */
export const IMPRINTING_MODEL = 'mobilenet_v1_1.0_224_l2norm_quant_edgetpu.tflite';
const IMPRINTING: Readonly<Record<ReferenceBoard, number>> = {
  'Dev Board': 1211,
  'Raspberry Pi 4 + USB': 987.3,
  'x86-64 + USB 3': 810,
};
/** The columns of the published tables. */
export const REFERENCE_BOARDS: readonly ReferenceBoard[] = ['Dev Board', 'Raspberry Pi 4 + USB', 'x86-64 + USB 3'];

/** Names of the models that there is a reference for, without `_edgetpu.tflite`. */
export const REFERENCE_MODELS: readonly string[] = Object.keys(EDGE_TPU);

/** The board of the published table that this one is; undefined if it is none, or only pretends. */
export function referenceBoardOf({
  board,
  tpus,
  simulated,
}: Pick<Hello, 'board' | 'tpus' | 'simulated'>): ReferenceBoard | undefined {
  const name = board.model ?? '';
  if (simulated || /virtual|mini/i.test(name)) return undefined;
  if (/phanbell|coral dev board/i.test(name)) return 'Dev Board';
  const hasUsb = tpus.some(({ type }) => type === 'usb');
  if (/raspberry pi 4/i.test(name) && hasUsb) return 'Raspberry Pi 4 + USB';
  return board.machine === 'x86_64' && hasUsb ? 'x86-64 + USB 3' : undefined;
}

/** Published mean of a model on a board, in milliseconds; the model is known by its file name. */
export function referenceMs(model: string, board: ReferenceBoard, target: 'tpu' | 'cpu'): number | undefined {
  const key = model.replace(/(?:_edgetpu)?\.tflite$/, '');
  const table = target === 'tpu' ? EDGE_TPU : CPU;
  return Object.hasOwn(table, key) ? table[key]?.[REFERENCE_BOARDS.indexOf(board)] : undefined;
}

/** Published time of imprinting on a board, in milliseconds. */
export function referenceImprintingMs(board: ReferenceBoard): number {
  return IMPRINTING[board];
}
