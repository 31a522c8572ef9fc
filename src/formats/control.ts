/** One paragraph of a control file (deb822): fields by lower-case name, in their order. */
export type Paragraph = Map<string, string>;

/** Reads `Name: value` fields, whose lines go on where they begin with a blank; empty lines part paragraphs. */
export function parseParagraphs(text: string): Paragraph[] {
  const paragraphs: Paragraph[] = [];
  let current: Paragraph | undefined;
  let last = '';
  for (const line of text.split(/\r?\n/)) {
    const field = /^([!-9;-~]+):[ \t]*(.*)$/.exec(line);
    if (line.trim() === '') {
      current = undefined;
    } else if (/^[ \t]/.test(line) && current !== undefined) {
      current.set(last, `${current.get(last) ?? ''}\n${line}`);
    } else if (field !== null) {
      if (current === undefined) paragraphs.push((current = new Map<string, string>()));
      last = (field[1] ?? '').toLowerCase();
      current.set(last, field[2] ?? '');
    }
  }
  return paragraphs;
}

export function formatParagraph(paragraph: Paragraph): string {
  return [...paragraph].map(([name, value]) => `${fieldName(name)}: ${value}\n`).join('');
}

/** `installed-size` as it is written: `Installed-Size`. */
function fieldName(name: string): string {
  return name.replace(/(?:^|-)[a-z]/g, letter => letter.toUpperCase());
}

/** Names of a `Depends` field: for each dependency its alternatives, without versions and architectures. */
export function dependencyNames(field: string): string[][] {
  return field
    .split(',')
    .map(part =>
      part
        .split('|')
        .map(name => name.trim().replace(/[\s:(].*$/s, ''))
        .filter(name => name !== ''),
    )
    .filter(names => names.length > 0);
}
