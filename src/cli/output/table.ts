/** Lines of a table whose columns are as wide as their widest cell; `emphasise` styles the heading. */
export function renderTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  emphasise: (text: string) => string = text => text,
): string[] {
  const widths = heading.map((title, column) => Math.max(title.length, ...rows.map(row => (row[column] ?? '').length)));
  const lay = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [emphasise(lay(heading)), ...rows.map(lay)];
}
