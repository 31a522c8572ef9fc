import { createHash } from 'node:crypto';

const MAX_NAME_BYTES = 200;

/**
 * Name of the file in which a large file grows, beside its final place: `.NAME.<16 hex digits>.mdt-part`. The digits
 * stand for name, size and time, so that a part is only ever continued with the version that it is of, and two
 * transfers of different versions at once do not mix.
 */
export function partName(name: string, version: { readonly sizeBytes: number; readonly modifiedAtS: number }): string {
  const tag = createHash('sha256')
    .update(JSON.stringify([name, version.sizeBytes, version.modifiedAtS]))
    .digest('hex')
    .slice(0, 16);
  return `.${shorten(name)}.${tag}.mdt-part`;
}

/** The beginning of a name that fits beside what is added to it. */
function shorten(name: string): string {
  return Buffer.from(name)
    .subarray(0, MAX_NAME_BYTES)
    .toString('utf8')
    .replace(/\ufffd+$/, '');
}

/** Whether a name is one that a transfer gives to what it has not finished. */
export function isUnfinished(name: string): boolean {
  return /^\.mdt-([0-9a-f]{12}|[0-9a-f]{16})\.tmp$|^\..+\.[0-9a-f]{16}\.mdt-part$/s.test(name);
}
