/** Shell patterns: `*`, `?`, `[a-z]`, `[!a-z]`, `[[:digit:]]`; a backslash takes the next character as it is. */

type Piece = { readonly kind: 'any-run' } | { readonly kind: 'one'; readonly matches: (character: string) => boolean };

const CLASSES: Readonly<Record<string, RegExp>> = {
  alpha: /^\p{L}$/u,
  digit: /^[0-9]$/,
  alnum: /^[\p{L}0-9]$/u,
  space: /^\s$/,
  upper: /^\p{Lu}$/u,
  lower: /^\p{Ll}$/u,
  punct: /^[!-/:-@[-`{-~]$/,
};

/** Whether a word holds anything that is not itself. */
export function isPattern(pattern: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*[*?[]/.test(pattern);
}

/** Makes `text` a pattern that matches it alone. */
export function quotePattern(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}

/** Takes the backslashes of a pattern away that matches one text alone. */
export function unquotePattern(pattern: string): string {
  return pattern.replace(/\\(.)/gs, '$1');
}

/** Compiles a pattern. The time of a match grows with the text's length times the pattern's, never more. */
export function patternMatcher(pattern: string): (text: string) => boolean {
  const pieces = parsePattern(Array.from(pattern));
  return text => matches(pieces, Array.from(text));
}

function matches(pieces: readonly Piece[], text: readonly string[]): boolean {
  let piece = 0;
  let retryPiece = -1;
  let retryAt = 0;
  for (let at = 0; at < text.length;) {
    const current = pieces[piece];
    if (current?.kind === 'any-run') {
      retryPiece = piece++;
      retryAt = at;
    } else if (current?.matches(text[at] ?? '') === true) {
      piece += 1;
      at += 1;
    } else if (retryPiece >= 0) {
      piece = retryPiece + 1;
      at = ++retryAt;
    } else {
      return false;
    }
  }
  while (pieces[piece]?.kind === 'any-run') piece += 1;
  return piece === pieces.length;
}

function parsePattern(characters: readonly string[]): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '*') {
      pieces.push({ kind: 'any-run' });
    } else if (character === '?') {
      pieces.push({ kind: 'one', matches: () => true });
    } else if (character === '[' && closingBracket(characters, at) > 0) {
      const end = closingBracket(characters, at);
      pieces.push({ kind: 'one', matches: bracketMatcher(characters.slice(at + 1, end).join('')) });
      at = end;
    } else {
      const literal = character === '\\' && at + 1 < characters.length ? (characters[++at] ?? '') : character;
      pieces.push({ kind: 'one', matches: other => other === literal });
    }
  }
  return pieces;
}

function closingBracket(characters: readonly string[], open: number): number {
  let at = open + 1;
  if (characters[at] === '!' || characters[at] === '^') at += 1;
  if (characters[at] === ']') at += 1;
  for (; at < characters.length; at++) {
    if (characters[at] === '[' && characters[at + 1] === ':') at = Math.max(at, characters.indexOf(']', at));
    else if (characters[at] === ']') return at;
  }
  return -1;
}

function bracketMatcher(body: string): (character: string) => boolean {
  const negated = body.startsWith('!') || body.startsWith('^');
  const tests: ((character: string) => boolean)[] = [];
  const items = (negated ? body.slice(1) : body).matchAll(/\[:(\w+):\]|\\?(.)-\\?([^\]])|\\?(.)/gsu);
  for (const [, className, from, to, single] of items) {
    if (className !== undefined) tests.push(character => CLASSES[className]?.test(character) ?? false);
    else if (from !== undefined && to !== undefined) tests.push(character => from <= character && character <= to);
    else tests.push(character => character === single);
  }
  return character => tests.some(test => test(character)) !== negated;
}
