// Characters that no POSIX shell gives a meaning to, anywhere in a word.
const PLAIN = /^[A-Za-z0-9_@%+:,./-]+$/;

/**
 * One word as a POSIX shell reads it back, byte for byte. Words of harmless characters stay as they are.
 * NUL cannot be in a word of any shell: it is the caller's to refuse.
 */
export function quoteWord(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Words joined to one command line. */
export function quoteWords(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}
