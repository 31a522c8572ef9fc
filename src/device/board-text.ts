// C0 and C1 control characters, and the bidirectional and invisible format characters that can make text read as another.
const UNSAFE = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

/** Text that came from a board or the network, made safe for a terminal: one line, no control characters, bounded. */
export function safeText(text: string, maxLength = 256): string {
  const clean = text.replace(UNSAFE, '');
  return clean.length > maxLength ? `${clean.slice(0, maxLength)}…` : clean;
}

/** The same for text of several lines, whose line ends and tabs stay. */
export function safeLines(text: string, maxLength = 16_384): string {
  return text
    .slice(0, maxLength)
    .split(/\r?\n/)
    .map(line => line.replaceAll('\t', '    ').replace(UNSAFE, ''))
    .join('\n');
}
