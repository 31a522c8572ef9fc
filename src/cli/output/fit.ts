/** Text in at most `width` columns: whole words, and `…` where some are missing. One long word is cut. */
export function fitText(text: string, width: number): string {
  if (text.length <= width) return text;
  const room = Math.max(0, width - 1);
  const end = text.lastIndexOf(' ', room);
  return `${text.slice(0, end > 0 ? end : room).trimEnd()}…`;
}

/** Narrower lines have one blank between their parts instead of two. */
const NARROW = 50;

/** The first layout whose parts fit side by side; empty parts are left out. */
export function firstThatFits(layouts: readonly (readonly string[])[], width: number): string {
  const gap = width < NARROW ? ' ' : '  ';
  const lines = layouts.map(layout => layout.filter(part => part !== '').join(gap));
  return lines.find(line => line.length <= width) ?? fitText(lines.at(-1) ?? '', width);
}
