/**
 * Why apt or dpkg gave up, as far as their own words carry it. Sources: the message catalogues of apt 1.8 to 2.6 and
 * dpkg 1.19 to 1.21 in the C locale. The last line of apt (`E: …`) is often only the consequence of an earlier one.
 */
export type PackageTrouble =
  | { readonly kind: 'locked'; readonly holder: LockHolder | undefined }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'expired-key'; readonly keys: readonly string[] }
  | { readonly kind: 'clock' }
  | { readonly kind: 'held' }
  | { readonly kind: 'downgrade' }
  | { readonly kind: 'read-only' }
  | { readonly kind: 'no-space' }
  | { readonly kind: 'conffile'; readonly packageName: string | undefined }
  | { readonly kind: 'dependency'; readonly line: string }
  | { readonly kind: 'network' }
  | { readonly kind: 'damaged'; readonly line: string }
  | { readonly kind: 'script'; readonly line: string }
  /** None of the known causes: the line that says most. */
  | { readonly kind: 'other'; readonly line: string };

export interface LockHolder {
  readonly pid: number;
  /** Name of the program; undefined if it could not be found out. */
  readonly name: string | undefined;
}

type Reader = (text: string, lines: readonly string[]) => PackageTrouble | undefined;

/** In this order: what stops everything comes before what follows from it. */
const READERS: readonly Reader[] = [
  readLock,
  matching(/^E: dpkg was interrupted/m, { kind: 'interrupted' }),
  matching(/Read-only file system/, { kind: 'read-only' }),
  matching(/No space left on device|Disk quota exceeded|don't have enough free space/, { kind: 'no-space' }),
  readExpiredKey,
  matching(/not yet valid certificate|certificate is not yet (?:valid|activated)|is not valid yet \(/, {
    kind: 'clock',
  }),
  matching(/^E: Held packages were changed/m, { kind: 'held' }),
  matching(/^E: Packages were downgraded/m, { kind: 'downgrade' }),
  readConffile,
  lineOf('dependency', /^ ?\S+ : (?:Pre)?Depends: .* but |^ ?\S+ depends on .*; however/),
  lineOf('damaged', /not a Debian format archive|unexpected end of file in archive|corrupted|lzma error|<decompress>/),
  lineOf('script', /(?:installation|removal) script subprocess (?:returned error|was killed)/),
  matching(/Temporary failure resolving|Could not resolve|Could not connect|Failed to fetch|Unable to fetch/, {
    kind: 'network',
  }),
];

/** Reads all that apt or dpkg said, line by line. */
export function readTrouble(lines: readonly string[]): PackageTrouble {
  const text = lines.join('\n');
  for (const read of READERS) {
    const found = read(text, lines);
    if (found) return found;
  }
  const verdict = lines.findLast(line => /^(?:E: |dpkg: error|sudo: )/.test(line)) ?? lines.at(-1);
  return { kind: 'other', line: verdict ?? '' };
}

function matching(pattern: RegExp, trouble: PackageTrouble): Reader {
  return text => (pattern.test(text) ? trouble : undefined);
}

function lineOf(kind: 'dependency' | 'damaged' | 'script', pattern: RegExp): Reader {
  return (_text, lines) => {
    const line = lines.find(each => pattern.test(each))?.trim();
    return line === undefined ? undefined : { kind, line };
  };
}

function readLock(text: string): PackageTrouble | undefined {
  if (!/^E: Could not get lock|is locked by another process|was locked by another process/m.test(text))
    return undefined;
  const named = /held by process (\d+) \(([^)\n]*)\)/.exec(text);
  const pid = Number(named?.[1] ?? /another process with pid (\d+)/.exec(text)?.[1]);
  return { kind: 'locked', holder: pid > 0 ? { pid, name: named?.[2] } : undefined };
}

function readExpiredKey(text: string): PackageTrouble | undefined {
  const keys = [...text.matchAll(/\b(?:EXPKEYSIG|KEYEXPIRED) ([0-9A-F]{16})\b/g)].map(match => match[1] ?? '');
  return keys.length === 0 ? undefined : { kind: 'expired-key', keys: [...new Set(keys)] };
}

function readConffile(text: string): PackageTrouble | undefined {
  if (!text.includes('at conffile prompt')) return undefined;
  return { kind: 'conffile', packageName: /error processing package (\S+) \(--configure\)/.exec(text)?.[1] };
}
