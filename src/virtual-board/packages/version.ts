/** Compares two versions as dpkg does (deb-version(7)): negative if `a` is the earlier one. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  return (
    left.epoch - right.epoch || compareText(left.upstream, right.upstream) || compareText(left.revision, right.revision)
  );
}

function partsOf(version: string): { epoch: number; upstream: string; revision: string } {
  const [, epoch = '0', rest = ''] = /^(?:(\d+):)?(.*)$/s.exec(version) ?? [];
  const dash = rest.lastIndexOf('-');
  const upstream = dash < 0 ? rest : rest.slice(0, dash);
  return { epoch: Number(epoch), upstream, revision: dash < 0 ? '' : rest.slice(dash + 1) };
}

/** Text and numbers take turns; in text `~` comes before the end, the end before letters, letters before the rest. */
function compareText(a: string, b: string): number {
  const [left, right] = [piecesOf(a), piecesOf(b)];
  const end: Piece = { letters: '', number: 0 };
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [one, other] = [left[at] ?? end, right[at] ?? end];
    const order = compareLetters(one.letters, other.letters) || one.number - other.number;
    if (order !== 0) return order;
  }
  return 0;
}

interface Piece {
  readonly letters: string;
  readonly number: number;
}

function piecesOf(text: string): Piece[] {
  return [...text.matchAll(/(\D*)(\d*)/g)].map(([, letters = '', number = '']) => ({
    letters,
    number: Number(number),
  }));
}

function compareLetters(a: string, b: string): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const order = weightOf(a[at]) - weightOf(b[at]);
    if (order !== 0) return order;
  }
  return 0;
}

function weightOf(letter: string | undefined): number {
  if (letter === undefined) return 0;
  if (letter === '~') return -1;
  return /[A-Za-z]/.test(letter) ? letter.charCodeAt(0) : letter.charCodeAt(0) + 256;
}
