import test from 'ava';
import fc from 'fast-check';
import { parseScript } from '../../src/virtual-board/shell/parse.js';
import { ShellSyntaxError } from '../../src/virtual-board/shell/syntax.js';
import { shellOnBoard } from './shell-on-board.js';

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

test('words keep what is quoted and split what is not', async t => {
  const { out } = await shellOnBoard(t);
  t.is(
    await out(`printf '<%s>' a "b c" 'd "e"' f\\ g "" ''x"" "\\$h \\" \\\\ \\i"`),
    '<a><b c><d "e"><f g><><x><$h " \\ \\i>',
  );
  t.is(await out(`x='a  b'; printf '<%s>' $x "$x" pre$x''post`), '<a><b><a  b><prea><bpost>');
  t.is(await out(`set -- 'a b' c ''; printf '<%s>' "$@"; printf '<%s>' "$*" $#`), '<a b><c><><a b c ><3>');
  t.is(await out(`e=; printf '<%s>' $e "$e" x$e`), '<><x>');
  t.is(await out(`printf '<%s>' a#b # a comment`), '<a#b>');
  t.is(await out(`echo one \\\n two`), 'one two\n');
});

test('any word comes out of single quotes as it went in', async t => {
  const { run } = await shellOnBoard(t);
  const word = fc.string({ unit: 'binary', maxLength: 20 }).filter(text => !text.includes('\0'));
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 5 }), async words => {
      const well = words.map(text => Buffer.from(text).toString());
      const { out } = await run(`printf '%s\\0' ${well.map(quoted).join(' ')}`);
      t.is(out, well.length === 0 ? '\0' : well.map(text => `${text}\0`).join(''));
    }),
    { numRuns: 100 },
  );
});

test('whatever the text, the parser returns a script or a syntax error, soon', t => {
  const piece = fc.constantFrom(
    ...[
      'if',
      'then',
      'fi',
      'do',
      'done',
      'case',
      'esac',
      'in',
      'for',
      'while',
      '{',
      '}',
      '(',
      ')',
      ';',
      ';;',
      '&',
      '&&',
    ],
    ...[
      '||',
      '|',
      '<',
      '>',
      '>>',
      '<<',
      '2>&1',
      '$(',
      '`',
      '${',
      '$((',
      '))',
      '"',
      "'",
      '\\',
      '\n',
      ' ',
      'x',
      '=',
      '#',
      '!',
    ],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), pieces => {
      try {
        parseScript(pieces.join(''));
      } catch (error) {
        if (!(error instanceof ShellSyntaxError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
  t.throws(() => parseScript('('.repeat(100_000)), { instanceOf: ShellSyntaxError });
  t.throws(() => parseScript('$('.repeat(100_000)), { instanceOf: ShellSyntaxError });
});

test('parameters have defaults, lengths and patterns', async t => {
  const { out, run } = await shellOnBoard(t);
  t.is(await out('echo ${no:-def} ${no-def} ${no:+alt}${HOME:+alt} ${#HOME}'), 'def def alt 12\n');
  t.is(
    await out('f=a/b.tar.gz; echo ${f%.*} ${f%%.*} ${f#*/} ${f##*.} "${f%"*"}"'),
    'a/b.tar a/b b.tar.gz gz a/b.tar.gz\n',
  );
  t.is(await out('echo ${new:=set}$new'), 'setset\n');
  t.deepEqual(await run('echo ${no:?is needed}; echo not reached'), { code: 1, out: '', err: 'bash: no: is needed\n' });
  t.is((await run('set -u; echo $no; echo not reached')).out, '');
  t.is(await out('echo "${no:-a  b}"'), 'a  b\n');
});

test('arithmetic counts', async t => {
  const { out, run } = await shellOnBoard(t);
  t.is(
    await out('n=7; echo $((n*2+1)) $(( (n - 1) / 4 )) $((n%4)) $((-n)) $((n>3 && n<8)) $((0x10 << 1))'),
    '15 1 3 -7 1 32\n',
  );
  t.regex((await run('echo $((1/0))')).err, /division by zero/);
  t.regex((await run('echo $((1 +))')).err, /arithmetic expression/);
});

test('commands are joined by ; && || | ! and groups, with the right status', async t => {
  const { out, run } = await shellOnBoard(t);
  t.is(await out('true && echo yes || echo no; false && echo yes || echo no'), 'yes\nno\n');
  t.is(await out('! false; echo $?; (exit 3); echo $?; { false; true; }; echo $?'), '0\n3\n0\n');
  t.is(await out('echo a | tr a b | tr b c'), 'c\n');
  t.is(await out('false | true; echo $?; set -o pipefail; false | true; echo $?'), '0\n1\n');
  t.is(await out('x=1; (x=2); echo $x; x=3 | true; echo $x'), '1\n1\n');
  t.is((await run('exit 300')).code, 44);
});

test('if, case, for, while, until, break, continue and functions run', async t => {
  const { out } = await shellOnBoard(t);
  t.is(await out('if false; then echo a; elif true; then echo b; else echo c; fi'), 'b\n');
  t.is(await out('for i in 1 2 3 4; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done'), '1\n3\n');
  t.is(await out('for i in 1 2; do for j in a b; do [ $j = b ] && continue 2; echo $i$j; done; done'), '1a\n2a\n');
  t.is(await out('n=0; until [ $n -ge 3 ]; do n=$((n+1)); done; echo $n'), '3\n');
  t.is(await out('case a.c in *.h) echo h;; *.[ch]|x) echo c;; esac; case "*" in "*") echo star;; esac'), 'c\nstar\n');
  t.is(await out('f() { local x=in; echo $1 $#; return 5; }; f a b; echo $?'), 'a 2\n5\n');
  t.is(await out('set -- x y; for i; do echo $i; done; shift; echo $1'), 'x\ny\ny\n');
  t.is(await out("printf 'a 1\\nb 2\\n' | while read -r name number; do echo $number$name; done"), '1a\n2b\n');
});

test('redirections and here-documents go where they say', async t => {
  const { out, run } = await shellOnBoard(t);
  t.is(await out('echo one > f; echo two >> f; cat < f; : > f; wc -c < f'), 'one\ntwo\n0\n');
  t.is(
    await out('{ echo out; echo err >&2; } > both 2>&1; cat both; { echo a; echo b >&2; } &> both; cat both'),
    'out\nerr\na\nb\n',
  );
  t.is(await out('x=1; cat <<END\n$x "$(echo two)" \\$x\nEND\ncat <<\'END\'\n$x\nEND'), '1 "two" $x\n$x\n');
  t.is(await out('cat <<-END\n\ttabs go\n\tEND\necho after'), 'tabs go\nafter\n');
  t.is((await run('echo x 2>/dev/null >&2')).out, '');
  t.deepEqual(await run('cat < nothing; echo $?'), {
    code: 0,
    out: '1\n',
    err: 'bash: nothing: No such file or directory\n',
  });
});

test('set -e ends a script at the first failure that nobody looks at', async t => {
  const { run } = await shellOnBoard(t);
  const cases = [
    ['set -e; false; echo no', ''],
    ['set -e; false || true; if false; then :; fi; ! true; echo yes', 'yes\n'],
    ['set -e; (false); echo no', ''],
    ['set -e; f() { false; echo in; }; f || echo caught', 'in\n'],
    ['set -e; x=$(false); echo no', ''],
  ] as const;
  for (const [script, expected] of cases) t.is((await run(script)).out, expected, script);
});

test('an EXIT trap runs however the script ends', async t => {
  const { run } = await shellOnBoard(t);
  t.deepEqual(await run('trap "echo bye" EXIT; exit 3'), { code: 3, out: 'bye\n', err: '' });
  t.deepEqual(await run('trap "echo bye" EXIT; set -e; false'), { code: 1, out: 'bye\n', err: '' });
  t.is((await run('trap "echo got it" TERM; kill $$; echo on')).out, 'got it\non\n');
});

test('an EXIT trap runs when the login of the script is gone', async t => {
  const { board, run } = await shellOnBoard(t);
  const controller = new AbortController();
  board.onFileChange(path => {
    if (path.endsWith('/begun')) controller.abort('HUP');
  });
  const running = run('trap "echo gone > left" EXIT; echo > begun; sleep 60', { signal: controller.signal });
  await t.throwsAsync(running, { name: 'AbortedError' });
  t.is((await run('cat left')).out, 'gone\n');
});

test('an EXIT trap that has begun goes on to its end when the login of the script goes', async t => {
  const { board, run } = await shellOnBoard(t);
  const controller = new AbortController();
  board.onFileChange(path => {
    if (path.endsWith('/begun')) controller.abort('HUP');
  });
  await run('trap "echo > begun; sleep 0.01; echo gone > left" EXIT; exit 3', { signal: controller.signal });
  t.is((await run('cat left')).out, 'gone\n');
});

test('patterns become the names of files, hidden ones left out', async t => {
  const { out } = await shellOnBoard(t);
  await out('mkdir d; touch a1 a2 b .hidden d/x d/y "sp ace"');
  t.is(await out('echo a* [!a]* ? */x "a*" \\a\\* no*'), 'a1 a2 b d sp ace b d d/x a* a* no*\n');
  t.is(await out('printf "<%s>" s*; echo .h*'), '<sp ace>.hidden\n');
  t.is(await out('set -f; echo *'), '*\n');
});

test('programs that are not there are not found, as each shell says it', async t => {
  const { run } = await shellOnBoard(t);
  t.deepEqual(await run('nothing'), { code: 127, out: '', err: 'bash: nothing: command not found\n' });
  t.deepEqual(await run('nothing', { flavour: 'sh' }), { code: 127, out: '', err: 'sh: 1: nothing: not found\n' });
  t.is((await run('/usr/bin/nothing')).code, 127);
  t.is((await run('echo x > f; ./f')).code, process.platform === 'win32' ? 127 : 126);
  t.is((await run("printf '#!/bin/sh\\necho script $0 $1\\n' > s; chmod +x s; ./s arg")).out, 'script ./s arg\n');
  t.regex((await run("printf '#!/usr/bin/python3\\n' > p; chmod +x p; ./p")).err, /bad interpreter/);
  t.regex((await run("printf '\\177ELF\\000' > e; chmod +x e; ./e")).err, /Exec format error/);
});

test('a script that calls itself without end is stopped', async t => {
  const { run } = await shellOnBoard(t);
  t.is((await run('f() { f; }; f; echo $?')).out, '1\n');
  const { out, err } = await run("echo 'sh s' > s; sh s; echo $?");
  t.is(out, '126\n');
  t.regex(err, /Resource temporarily unavailable/);
});

test('what is written to a program that has ended goes nowhere, and the writer ends', async t => {
  const { run } = await shellOnBoard(t);
  t.is((await run('while true; do echo y; done | head -n 2')).out, 'y\ny\n');
  t.is((await run('cat /dev/zero | head -c 100000 | wc -c')).out, '100000\n');
});

test('commands in the background are waited for, and can be killed', async t => {
  const { out } = await shellOnBoard(t);
  t.is(await out('sleep 60 & p=$!; kill $p; wait $p; echo $?'), '143\n');
  t.is(await out('{ echo later > f; } & wait; cat f'), 'later\n');
});
