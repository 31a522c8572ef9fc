import test from 'ava';
import fc from 'fast-check';
import { Dialogue } from '../../src/console/dialogue.js';
import { TerminalText } from '../../src/console/terminal-text.js';
import { TimeoutError, TransportError } from '../../src/errors.js';
import { FakeConsole } from '../fakes/console.js';

const soon = { operation: 'waiting', timeoutMs: 20_000 };

/** What a terminal would show, as far as it is text. */
function shown(...pieces: string[]): string {
  const screen = new TerminalText();
  for (const piece of pieces) screen.push(Buffer.from(piece));
  while (screen.advance());
  return screen.rest;
}

const screens: readonly (readonly [title: string, bytes: string, text: string])[] = [
  ['CR and LF end a line', 'one\r\ntwo\r\n', 'one\ntwo\n'],
  ['backspaces and blanks count down', 'autoboot:  3 \b\b\b 2 ', 'autoboot:  2 '],
  ['a line is written anew from its beginning', 'abcdef\rxyz', 'xyzdef'],
  ['a line is erased', 'autoboot: 3\u001b[2K\rautoboot: 2', 'autoboot: 2'],
  ['the rest of a line is erased', 'abcdef\rxy\u001b[K', 'xy'],
  ['colours and titles are not text', '\u001b]0;title\u0007\u001b[01;32mgreen\u001b[00m$ ', 'green$ '],
  ['a cursor that goes back does not leave its line', 'one\r\n\b\b\btwo\u001b[99Dtoo', 'one\ntoo'],
  ['control characters are not text', 'a\u0000b\u0007c\u001b(Bd', 'abcd'],
];
for (const [title, bytes, text] of screens) {
  test(`on the screen ${title}`, t => {
    t.is(shown(bytes), text);
  });
}

const BOOT = Buffer.from(
  [
    '\r\nU-Boot 2017.03.3 (Jan 01 2020)\r\n\r\nModel: Freescale i.MX8MQ Phanbell\r\n',
    'Hit any key to stop autoboot:  3 \b\b\b 2 \b\b\b 1 \b\b\b 0 \r\n',
    '\u001b[2J\u001b[1mStärting ✓\u001b[0m kernel ...\u001b[2K\r[    0.000000] Booting Linux\r\n',
    '\u001b[32m  OK  \u001b]0;title\u0007\u001b[0m\r\nMendel GNU/Linux (eagle) swift-otter ttymxc0\r\n\r\nswift-otter login: x',
  ].join(''),
);

test('what is found does not depend on where the bytes are cut', async t => {
  const read = async (cuts: readonly number[]): Promise<unknown> => {
    const board = new FakeConsole();
    const dialogue = new Dialogue(board.port);
    const edges = [0, ...[...cuts].sort((a, b) => a - b), BOOT.length];
    edges.slice(1).forEach((edge, index) => {
      const piece = BOOT.subarray(edges[index], edge);
      if (piece.length > 0) board.say(piece);
    });
    const seen: unknown[] = [];
    const patterns = {
      count: /autoboot:\s+\d/,
      model: /Model: (.*)\n/,
      start: /(\S+) kernel/,
      login: /(\S+) login: x/,
    };
    for (let index = 0; index < 4; index++) {
      const { name, before, match } = await dialogue.expect(patterns, soon);
      seen.push([name, before, match[0]]);
    }
    return seen;
  };
  const whole = await read([]);
  t.deepEqual(whole, [
    ['model', '\nU-Boot 2017.03.3 (Jan 01 2020)\n\n', 'Model: Freescale i.MX8MQ Phanbell\n'],
    ['count', 'Hit any key to stop ', 'autoboot:  3'],
    ['start', ' 0 \nStärting ', '✓ kernel'],
    [
      'login',
      '[    0.000000] Booting Linux\n  OK  \nMendel GNU/Linux (eagle) swift-otter ttymxc0\n\n',
      'swift-otter login: x',
    ],
  ]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(BOOT.length)), async cuts => {
      t.deepEqual(await read(cuts), whole);
    }),
    { numRuns: 200 },
  );
  t.deepEqual(await read(Array.from(BOOT, (_, index) => index)), whole);
});

/** Noise, and what terminals are sent, in any order. */
const bytesOfTerminals = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.constantFrom(
        '\r',
        '\n',
        '\b',
        '\u001b',
        '\u001b[',
        '\u001b[2K',
        '\u001b[1K',
        '\u001b[K',
        '\u001b[5D',
        '\u001b[3C',
        'é✓',
        'text',
      ),
    ),
    { maxLength: 20 },
  )
  .map(pieces => Buffer.concat(pieces.map(piece => Buffer.from(piece as string))));

test('any bytes at all are shown without control characters, and the same wherever they are cut', t => {
  const check = fc.check(
    fc.property(bytesOfTerminals, fc.nat(400), (bytes, cut) => {
      const [once, twice] = [new TerminalText(), new TerminalText()];
      once.push(bytes);
      while (once.advance());
      twice.push(bytes.subarray(0, cut));
      while (twice.advance());
      twice.push(bytes.subarray(cut));
      while (twice.advance());
      return !/[^\n -~\u0080-\uffff]/.test(once.rest) && once.rest === twice.rest;
    }),
    { numRuns: 1000 },
  );
  t.false(check.failed, fc.defaultReportMessage(check));
});

test('what nobody waits for is not kept: an endless line, endless lines, an endless sequence', t => {
  for (const piece of [
    'x'.repeat(4096),
    'x\n'.repeat(2048),
    '\u001b[' + '1;'.repeat(2000),
    '\u001b]' + 'y'.repeat(4000),
  ]) {
    const screen = new TerminalText();
    for (let count = 0; count < 500; count++) {
      screen.push(Buffer.from(piece));
      while (screen.advance());
    }
    t.true(
      screen.rest.length <= 256 * 1024,
      `${String(screen.rest.length)} characters of ${JSON.stringify(piece.slice(0, 5))}`,
    );
    t.true(screen.lastLines.length < 100);
  }
});

test('of several patterns the first in the text wins, and the rest is there for the next', async t => {
  const board = new FakeConsole();
  const dialogue = new Dialogue(board.port);
  board.say('one two three');
  t.is((await dialogue.expect({ b: /two/, a: /one/ }, soon)).name, 'a');
  t.like(await dialogue.expect({ b: /two/, a: /one/ }, soon), { name: 'b', before: ' ' });
  t.is(await dialogue.poll({ a: /one/ }, { waitMs: 20 }), undefined);
  t.is(dialogue.rest, ' three');
});

test('a wait that is over says what the board said last, without control characters', async t => {
  const board = new FakeConsole();
  const dialogue = new Dialogue(board.port);
  board.say('first\r\n\u001b]0;evil\u0007U-Boot\u009b31m 2017\r\n=> ');
  const error = await t.throwsAsync(
    dialogue.expect({ never: /never/ }, { operation: 'waiting for Godot', timeoutMs: 50, hint: 'Be patient.' }),
    { instanceOf: TimeoutError, message: 'Timed out after 0.1 s while waiting for Godot.' },
  );
  t.is(error.hint, 'Be patient. The console said last: "first", "U-Boot31m 2017", "=>".');
  t.deepEqual(error.facts['transcript'], ['first', 'U-Boot31m 2017', '=>']);
  t.is(error.exitCode, 8);
});

test('a console that goes away ends a wait, and one that says nothing says so', async t => {
  const board = new FakeConsole();
  const dialogue = new Dialogue(board.port);
  const silent = await t.throwsAsync(dialogue.expect({ never: /never/ }, { operation: 'waiting', timeoutMs: 20 }), {
    instanceOf: TimeoutError,
  });
  t.regex(String(silent.hint), /said nothing/);
  const waiting = dialogue.expect({ never: /never/ }, soon);
  board.vanish();
  const error = await t.throwsAsync(waiting, { instanceOf: TransportError });
  t.is(error.hint, 'The cable was pulled.');
});

test('a wait that is aborted takes nothing away', async t => {
  const board = new FakeConsole();
  const ending = new AbortController();
  const reading = board.port.read(ending.signal);
  ending.abort();
  await t.throwsAsync(reading, { code: 'ABORTED' });
  board.say('still there');
  t.is((await board.port.read()).toString(), 'still there');
});

test('what is typed is paced by its echo, piece by piece', async t => {
  const board = new FakeConsole((keys, self) => {
    t.true(keys.length <= 16);
    self.say(keys);
  });
  const line = 'setenv bootargs console=ttymxc0,115200 root=/dev/mmcblk0p3';
  await new Dialogue(board.port).type(line, { operation: 'typing' });
  t.is(board.typed, line);
});
