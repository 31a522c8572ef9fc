/**
 * File names on Linux are bytes. Here they are strings in which a byte that is not part of valid UTF-8 stands as a lone
 * surrogate U+DC80 to U+DCFF (as in Python's "surrogateescape", PEP 383), so that every name survives the way to the
 * board and back, and ordinary names stay ordinary strings.
 */

const REPLACEMENT = '\ufffd';
const LONE_BYTE = /[\udc80-\udcff]/u;

/** The bytes of a name, as the board or the host has it, to a string. */
export function decodeName(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!text.includes(REPLACEMENT)) return text;
  let name = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    name += length > 0 ? bytes.toString('utf8', at, at + length) : String.fromCharCode(0xdc00 | (bytes[at] ?? 0));
    at += Math.max(length, 1);
  }
  return name;
}

/** The bytes of a name; the exact reverse of `decodeName`. */
export function encodeName(name: string): Buffer {
  if (isText(name)) return Buffer.from(name, 'utf8');
  const parts = name.split(/([\udc80-\udcff])/u);
  return Buffer.concat(
    parts.map(part => (LONE_BYTE.test(part) ? Buffer.from([part.charCodeAt(0) & 0xff]) : Buffer.from(part, 'utf8'))),
  );
}

/** Whether a name can be written where only text fits: in a shell command, in an SFTP request, on Windows. */
export function isText(name: string): boolean {
  // Ordinary names are known at once; the search takes longer than the call of the system that the name is for.
  return name.isWellFormed() || !LONE_BYTE.test(name);
}

/** A path of this host as `node:fs` takes it. */
export function hostPath(path: string): string | Buffer {
  return isText(path) ? path : encodeName(path);
}

/** Length of the valid UTF-8 sequence at `at`, 0 if there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const slice = bytes.subarray(at, at + length);
  return Buffer.from(slice.toString('utf8'), 'utf8').equals(slice) ? length : 0;
}
