import { createHash, randomBytes } from 'node:crypto';

const MAX_NAME_BYTES = 200;

/** Names of the part of one transfer, and the beginnings by which it knows the parts of others. */
export interface PartNames {
  readonly own: string;
  /** Of parts of this version of the file: what follows is 8 hex digits and `.mdt-part`. */
  readonly ofVersion: string;
  /** Of parts of any version: what follows is 16 hex digits and `.mdt-part`. */
  readonly ofFile: string;
}

/**
 * Names of the file in which a large file grows beside its final place: `.NAME.<16 hex digits>.mdt-part`. Half of the
 * digits stand for name, size and time, so that a part is only ever continued with the version that it is of; the others
 * for this transfer alone, since several may bring the same file to the same place at once. Whoever continues a part
 * takes it by renaming it, so that there is only ever one who can put it in place; and all write each byte at its own
 * position, so that one who was overtaken, or whose connection comes back to life long after, writes nothing there but
 * what is there.
 */
export function partNames(
  name: string,
  version: { readonly sizeBytes: number; readonly modifiedAtS: number },
): PartNames {
  const ofFile = `.${shorten(name)}.`;
  const ofVersion = `${ofFile}${digits(JSON.stringify([name, version.sizeBytes, version.modifiedAtS]))}`;
  return { ofFile, ofVersion, own: `${ofVersion}${randomBytes(4).toString('hex')}.mdt-part` };
}

export function isPartOf({ ofFile }: PartNames, name: string): boolean {
  return name.startsWith(ofFile) && /^[0-9a-f]{16}\.mdt-part$/.test(name.slice(ofFile.length));
}

/** A name that fits beside what is added to it, and is that of no other file. */
function shorten(name: string): string {
  const bytes = Buffer.from(name);
  if (bytes.length <= MAX_NAME_BYTES) return name;
  const beginning = bytes
    .subarray(0, MAX_NAME_BYTES)
    .toString('utf8')
    .replace(/\ufffd+$/, '');
  return `${beginning}.${digits(name)}`;
}

function digits(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** Whether a name is one that a transfer gives to what it has not finished. */
export function isUnfinished(name: string): boolean {
  return /^\.mdt-([0-9a-f]{12}|[0-9a-f]{16})\.tmp$|^\..+\.[0-9a-f]{16}\.mdt-part$/s.test(name);
}
