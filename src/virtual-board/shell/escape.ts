/** Escapes of `echo -e` and `printf`. */
const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  e: 27,
  '\\': 92,
};
const ESCAPE = /\\(?:0?([0-7]{1,3})|x([0-9a-f]{1,2})|([abtnvfre\\])|(c))/gi;

/** Replaces backslash escapes; `\c` cuts the text off, and then nothing more is printed. */
export function escapeText(text: string): { readonly bytes: Buffer; readonly isCut: boolean } {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const match of text.matchAll(ESCAPE)) {
    pieces.push(Buffer.from(text.slice(at, match.index)));
    at = match.index + match[0].length;
    const [, octal, hex, letter] = match;
    if (octal !== undefined) pieces.push(Buffer.of(parseInt(octal, 8) & 255));
    else if (hex !== undefined) pieces.push(Buffer.of(parseInt(hex, 16)));
    else if (letter !== undefined) pieces.push(Buffer.of(SIMPLE[letter.toLowerCase()] ?? 0));
    else return { bytes: Buffer.concat(pieces), isCut: true };
  }
  pieces.push(Buffer.from(text.slice(at)));
  return { bytes: Buffer.concat(pieces), isCut: false };
}
