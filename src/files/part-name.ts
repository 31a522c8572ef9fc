import { createHash, randomBytes } from 'node:crypto';

const MAX_NAME_BYTES = 200;

/**
 * Name of the file in which a large file grows on this host, beside its final place: `.NAME.<16 hex digits>.mdt-part`. The digits
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

/** Names of the part of one push, and the beginnings by which it knows the parts of others. */
export interface PartNames {
  readonly own: string;
  /** Of parts of this version of the file: what follows is 8 hex digits and `.mdt-part`. */
  readonly ofVersion: string;
  /** Of parts of any version: what follows is 16 hex digits and `.mdt-part`. */
  readonly ofFile: string;
}

/**
 * As `partName`, but with digits of which half stand for the version and half for this push alone: several may send the
 * same file to the board at once. Whoever continues a part takes it by renaming it, so that there is only ever one who
 * can put it in place; and all write each byte at its own position, so that one who was overtaken, or whose connection
 * comes back to life long after, writes nothing there but what is there.
 */
export function partNames(name: string, version: Parameters<typeof partName>[1]): PartNames {
  const ofFile = `.${shorten(name)}.`;
  const ofVersion = partName(name, version).slice(0, ofFile.length + 8);
  return { ofFile, ofVersion, own: `${ofVersion}${randomBytes(4).toString('hex')}.mdt-part` };
}

export function isPartOf({ ofFile }: PartNames, name: string): boolean {
  return name.startsWith(ofFile) && /^[0-9a-f]{16}\.mdt-part$/.test(name.slice(ofFile.length));
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
