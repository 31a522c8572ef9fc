import type { Span } from './span.js';

// FlexBuffers (flatbuffers.dev, "FlexBuffers"), read from the end:
//   last byte           width of the root value in bytes; before it a packed type, before that the root value
//   packed type         type in the upper six bits, in the lower two how wide the elements of what it points at are
//   offset              unsigned distance BACK from where it is stored
//   map                 keys offset, keys width, count (each as wide as its elements), then the values, then their types
//   keys                count, then offsets of texts that end in a zero byte
//   string, blob        length, then the bytes

const TYPE_STRING = 5;
const TYPE_MAP = 9;
const TYPE_BLOB = 25;

type Width = 1 | 2 | 4 | 8;

/** What a packed type and an offset say: where the value starts, its type, and how wide its numbers are. */
interface Place {
  readonly at: number;
  readonly type: number;
  readonly width: Width;
}

/**
 * The bytes of the string or blob that the root map has under `key`, or undefined where it has none. They are taken as
 * they are: read as text they would be damaged.
 * @throws ModelFormatError if the root is no map, the value has no bytes, or an offset leads outside
 */
export function bytesInMap(flex: Span, key: string): Span | undefined {
  const map = rootOf(flex);
  if (map.type !== TYPE_MAP) flex.fail('the options of an operator are not a map', map.at);
  const keys = keysOf(flex, map);
  const count = numberBefore(flex, map, 1);
  flex.require(map.at, count * (map.width + 1), 'a map');
  for (let index = 0; index < count; index++) {
    flex.spend();
    if (!flex.holds(`${key}\0`, back(flex, keys.at + index * keys.width, keys.width))) continue;
    const packedType = flex.unsigned(map.at + count * map.width + index, 1);
    return bytesAt(flex, placeOf(flex, map.at + index * map.width, map.width, packedType));
  }
  return undefined;
}

function rootOf(flex: Span): Place {
  const end = flex.length;
  const width = flex.unsigned(end - 1, 1);
  if (!isWidth(width)) return flex.fail('the options of an operator do not end as they must', end - 1);
  return placeOf(flex, end - 2 - width, width, flex.unsigned(end - 2, 1));
}

function placeOf(flex: Span, at: number, offsetWidth: Width, packedType: number): Place {
  const widths = [1, 2, 4, 8] as const;
  return { at: back(flex, at, offsetWidth), type: packedType >> 2, width: widths[packedType & 3] ?? 1 };
}

function keysOf(flex: Span, map: Place): Omit<Place, 'type'> {
  const width = numberBefore(flex, map, 2);
  if (!isWidth(width)) return flex.fail('the keys of a map are damaged', map.at);
  return { at: back(flex, map.at - 3 * map.width, map.width), width };
}

function bytesAt(flex: Span, place: Place): Span {
  if (place.type !== TYPE_STRING && place.type !== TYPE_BLOB) flex.fail('an option is not a list of bytes', place.at);
  return flex.slice(place.at, numberBefore(flex, place, 1), 'an option');
}

/** One of the numbers that stand before a value: its length is the first. */
function numberBefore(flex: Span, { at, width }: Omit<Place, 'type'>, nth: number): number {
  return flex.unsigned(at - nth * width, width);
}

function back(flex: Span, at: number, width: Width): number {
  return at - flex.unsigned(at, width);
}

function isWidth(width: number): width is Width {
  return width === 1 || width === 2 || width === 4 || width === 8;
}
