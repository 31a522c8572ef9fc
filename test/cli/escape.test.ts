import { once } from 'node:events';
import test from 'ava';
import fc from 'fast-check';
import { EscapeFilter, EscapeParser, type Keystrokes } from '../../src/cli/escape.js';

/** What the parser makes of `pieces`, in a form that reads well: bytes as text, wishes in brackets. */
function parse(...pieces: readonly string[]): string {
  const parser = new EscapeParser();
  const found = pieces.flatMap(piece => parser.parse(Buffer.from(piece, 'latin1')));
  return [...found.map(show), parser.flush().toString('latin1')].join('');
}

function show(keys: Keystrokes): string {
  return keys.kind === 'data' ? keys.bytes.toString('latin1') : `<${keys.kind}>`;
}

const examples: readonly (readonly [typed: string, meaning: string])[] = [
  ['ls\r', 'ls\r'],
  ['~.', '<disconnect>'],
  ['ls\r~.', 'ls\r<disconnect>'],
  ['ls\n~.', 'ls\n<disconnect>'],
  ['ls ~.', 'ls ~.'],
  ['\r~?', '\r<help>'],
  ['\r~?~.', '\r<help><disconnect>'],
  ['\r~~', '\r~'],
  ['\r~~.', '\r~.'],
  ['\r~x', '\r~x'],
  ['\r~\r~.', '\r~\r<disconnect>'],
  ['\r~', '\r~'],
  ['~/bin\r', '~/bin\r'],
  ['a~~', 'a~~'],
];

for (const [typed, meaning] of examples) {
  test(`${JSON.stringify(typed)} means ${JSON.stringify(meaning)}`, t => {
    t.is(parse(typed), meaning);
  });
}

test('it makes no difference in which pieces keys arrive', t => {
  const keys = fc.array(fc.constantFrom('~', '.', '?', '\r', '\n', 'a', '\u00ff'), { maxLength: 30 });
  fc.assert(
    fc.property(keys, fc.array(fc.nat(30)), (typed, cuts) => {
      const text = typed.join('');
      const sorted = [...new Set(cuts.filter(cut => cut < text.length))].sort((a, b) => a - b);
      const pieces = [...sorted, text.length].map((end, index) => text.slice(sorted[index - 1] ?? 0, end));
      return parse(...pieces) === parse(text);
    }),
  );
  t.pass();
});

test('nothing but escapes is lost or added', t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      const typed = Buffer.from(bytes).toString('latin1').replaceAll('~', '-');
      return parse(typed) === typed;
    }),
  );
  t.pass();
});

test('the filter passes keys on, tells wishes, and passes nothing after the wish to disconnect', async t => {
  const wishes: string[] = [];
  const filter = new EscapeFilter({
    onDisconnect: () => wishes.push('disconnect'),
    onHelp: () => wishes.push('help'),
  });
  filter.end('ls\r~?pwd\r~.rm -rf /\r~?');
  const chunks: Buffer[] = [];
  filter.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(filter, 'end');
  t.is(Buffer.concat(chunks).toString(), 'ls\rpwd\r');
  t.deepEqual(wishes, ['help', 'disconnect']);
});

test('a tilde that was held back leaves when the keyboard ends', async t => {
  const filter = new EscapeFilter({ onDisconnect: () => t.fail(), onHelp: () => t.fail() });
  filter.end('\r~');
  const chunks: Buffer[] = [];
  filter.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(filter, 'end');
  t.is(Buffer.concat(chunks).toString(), '\r~');
});
