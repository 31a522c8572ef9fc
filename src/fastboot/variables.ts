/** Variables whose name carries a partition or slot after a colon, so that the first colon does not end the name. */
const NAME_WITH_ARGUMENT =
  /^((?:partition-(?:size|type)|has-slot|is-logical|slot-(?:successful|unbootable|retry-count)):[^:\s]+)\s*:(.*)$/;

/**
 * One line of `getvar all`: `name: value`, or `name:value` as NXP's bootloader prints it. Undefined if it is neither.
 * The value may be empty, and may itself be the text of an error.
 */
export function parseVariableLine(line: string): { name: string; value: string } | undefined {
  const match = NAME_WITH_ARGUMENT.exec(line) ?? /^([^:]+):(.*)$/.exec(line);
  const name = match?.[1]?.trim() ?? '';
  return name === '' ? undefined : { name, value: (match?.[2] ?? '').trim() };
}

/** `max-download-size`: hexadecimal with 0x, else decimal. Undefined, which is unlimited, for 0 and what is no number. */
export function parseDownloadLimit(value: string | undefined): number | undefined {
  return sizeOrNothing(value?.trim() ?? '');
}

/**
 * `partition-size:…`: hexadecimal, with or without 0x (U-Boot writes it, LK does not). Undefined if it is no number, or 0
 * as some bootloaders say of places that are not in the partition table.
 */
export function parsePartitionSize(value: string | undefined): number | undefined {
  const text = value?.trim() ?? '';
  return sizeOrNothing(/^0x/i.test(text) ? text : `0x${text}`);
}

function sizeOrNothing(text: string): number | undefined {
  if (!/^(?:0x[0-9a-f]+|\d+)$/i.test(text)) return undefined;
  const size = Number(text);
  return size > 0 && Number.isSafeInteger(size) ? size : undefined;
}
