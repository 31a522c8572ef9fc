/**
 * Patterns in remote paths, expanded here: the board is only asked for the names in a folder, so nothing in a pattern
 * is ever read by a shell. `*` is any run of characters, `?` one, `[a-z]` one of a set, `[!a-z]` one not of it; none of
 * them match `/` or a leading dot.
 */

/** Lists the names in a folder; undefined if it is no folder or cannot be read. */
export type ListFolder = (path: string) => Promise<readonly string[] | undefined>;

const MAX_MATCHES = 100_000;

export function hasPattern(path: string): boolean {
  return /[*?[]/.test(path);
}

/** The paths that `pattern` (absolute) stands for, sorted; parts without a pattern are taken as they are. */
export async function expandPattern(pattern: string, list: ListFolder): Promise<string[]> {
  let folders = [''];
  const parts = pattern.split('/').filter(part => part !== '');
  for (const part of parts) {
    if (!hasPattern(part)) {
      folders = folders.map(folder => `${folder}/${part}`);
      continue;
    }
    const matcher = partMatcher(part);
    const lists = await Promise.all(folders.map(folder => list(folder === '' ? '/' : folder)));
    folders = folders.flatMap((folder, index) =>
      (lists[index] ?? []).filter(name => matcher.test(name)).map(name => `${folder}/${name}`),
    );
    if (folders.length > MAX_MATCHES) folders.length = MAX_MATCHES;
  }
  return folders.sort();
}

/** One part of a pattern as an expression for names; an unfinished set is an ordinary `[`. `matchesDot`: also leading dots. */
export function partMatcher(written: string, matchesDot = false): RegExp {
  // Stars in a row say no more than one, but would make the search try every way to share the name between them.
  const part = written.replace(/\*{2,}/g, '*');
  let source = matchesDot || part.startsWith('.') ? '' : '(?!\\.)';
  for (let at = 0; at < part.length;) {
    const set = /^\[([!^]?)(\]?[^\]]*)\]/su.exec(part.slice(at));
    const character = String.fromCodePoint(part.codePointAt(at) ?? 0);
    if (character === '[' && set && set[2] !== '') {
      source += setSource(set[1] !== '', set[2] ?? '');
      at += set[0].length;
      continue;
    }
    source += character === '*' ? '[^/]*' : character === '?' ? '[^/]' : escape(character);
    at += character.length;
  }
  return new RegExp(`^${source}$`, 'su');
}

/** Members and ranges of a set. A range that runs backwards holds nothing. */
function setSource(isNegated: boolean, content: string): string {
  const characters = Array.from(content);
  const members: string[] = [];
  for (let index = 0; index < characters.length;) {
    const [first = '', dash, last] = characters.slice(index, index + 3);
    if (dash === '-' && last !== undefined) {
      if (first <= last) members.push(`${escapeMember(first)}-${escapeMember(last)}`);
      index += 3;
    } else {
      members.push(escapeMember(first));
      index++;
    }
  }
  if (isNegated) return `[^/${members.join('')}]`;
  return members.length === 0 ? '(?!)' : `[${members.join('')}]`;
}

function escape(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}

/** In a set a dash has to be told from a range. */
function escapeMember(character: string): string {
  return character === '-' ? '\\-' : escape(character);
}
