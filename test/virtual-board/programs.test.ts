import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import test from 'ava';
import { shellOnBoard } from './shell-on-board.js';

test('echo and printf print what they are told', async t => {
  const { out, run } = await shellOnBoard(t);
  t.is(await out("echo -n a; echo -e 'b\\tc\\0101\\x41'; echo -E 'd\\t'; echo"), 'ab\tcAA\nd\\t\n\n');
  t.is(
    await out("printf '%s-%d-%05d|%-4s|%4s|%.2s|%x|%o|%c|%%|%b\\n' a 1 42 ab cd xyz 255 8 hey 'e\\tf'"),
    'a-1-00042|ab  |  cd|xy|ff|10|h|%|e\tf\n',
  );
  t.is(await out("printf '%s,' a b c; printf 'no directive\\n'"), 'a,b,c,no directive\n');
  t.regex((await run("printf '%d' x")).err, /expected numeric value/);
  t.is((await run("printf '%999999999s' x")).out.length, 10_000);
});

test('test compares text, numbers and files', async t => {
  const { out, run } = await shellOnBoard(t);
  await out('mkdir d; echo x > f; : > empty; ln -s nowhere broken; chmod 755 f; touch -d @1 old');
  const yes = [
    'a = a',
    'a != b',
    '3 -lt 10',
    '-n x',
    '-z ""',
    '-d d',
    '-f f',
    '-s f',
    '-e /etc',
    '-L broken',
    'f -nt old',
  ];
  const no = [
    'a = b',
    '3 -gt 10',
    '-n ""',
    '-f d',
    '-s empty',
    '-e broken',
    '-d nothing',
    '',
    '-w /etc/hostname',
    'old -nt f',
  ];
  for (const words of [...yes, '! a = b', 'a = b -o c = c', '"(" a = a ")"', '! -e nothing -a -d d', '-w f']) {
    t.is((await run(`[ ${words} ]`)).code, 0, words);
  }
  for (const words of [...no, '! a = a', 'a = a -a b = c']) t.is((await run(`test ${words}`)).code, 1, words);
  t.is((await run('[ 1 -eq x ]')).code, 2);
  t.is((await run('[ a = a')).code, 2);
});

test('text goes through head, tail, sort, uniq, wc, cut, tr and tee', async t => {
  const { out } = await shellOnBoard(t);
  const lines = 'b\na\nb\nc\n';
  t.is(await out('head -n 2', lines), 'b\na\n');
  t.is(await out('head -c 3', lines), 'b\na');
  t.is(await out('head -c 2; cat', lines), lines);
  t.is(await out('head -n 1; echo rest; cat', lines), 'b\nrest\na\nb\nc\n');
  t.is(await out('tail -n 2', lines), 'b\nc\n');
  t.is(await out('tail -n +3', lines), 'b\nc\n');
  t.is(await out('tail -c 3; ', 'abcdef'), 'def');
  t.is(await out('tail -c +3', 'abcdef'), 'cdef');
  t.is(await out('sort | uniq -c', lines), '      1 a\n      2 b\n      1 c\n');
  t.is(await out('sort -ru; printf "10\\n9\\n" | sort -n', lines), 'c\nb\na\n9\n10\n');
  t.is(await out('wc -l; printf "a b\\nc" | wc', lines), '4\n      1       3       5\n');
  t.is(await out('cut -d: -f1,3; echo abcdef | cut -c2-4', 'a:b:c\n'), 'a:c\nbcd\n');
  t.is(await out("tr a-c A-C; echo aabb | tr -s a; echo a1b2 | tr -d '[:digit:]'", lines), 'B\nA\nB\nC\nabb\nab\n');
  t.is(await out('tee f g; cat f g', 'x'), 'xxx');
  t.is(await out("printf 'b\\0a\\0' | sort -z | tr '\\0' ,"), 'a,b,');
});

test('grep finds lines', async t => {
  const { out, run } = await shellOnBoard(t);
  await out('mkdir d; printf "one\\ntwo\\nThree (3)\\n" > d/f; echo two > d/g');
  t.is(await out('grep -n t d/f; grep -ci THREE d/f; grep -v o d/f; grep -o "t.o" d/f'), '2:two\n1\nThree (3)\ntwo\n');
  t.is(
    await out('grep -F "(3)" d/f; grep "(3)" d/f; grep -E "on|tw" d/f; grep "on\\|tw" d/f'),
    'Three (3)\nThree (3)\none\ntwo\none\ntwo\n',
  );
  t.is(
    await out('grep -r two d; grep -l two d/f d/g; grep -x two d/f; grep -w two d/f; grep -m1 o d/f'),
    'd/f:two\nd/g:two\nd/f\nd/g\ntwo\ntwo\none\n',
  );
  t.is((await run('grep -q nothing d/f')).code, 1);
  t.is((await run('grep x nothing')).code, 2);
  t.is((await run("grep -E '(' d/f")).code, 2);
});

test('sums are those of the content, and are checked', async t => {
  const { out, run } = await shellOnBoard(t);
  const sum = createHash('sha256').update('data').digest('hex');
  t.is(await out('printf data > f; sha256sum f; sha256sum < f'), `${sum}  f\n${sum}  -\n`);
  t.is(await out('sha256sum f > sums; sha256sum -c sums; md5sum -c /dev/null'), 'f: OK\n');
  const wrong = await run('echo more >> f; sha256sum -c sums');
  t.deepEqual([wrong.code, wrong.out], [1, 'f: FAILED\n']);
  t.regex(
    await out("printf x > 'new\nline'; sha256sum new*; sha256sum -z new*"),
    /^\\[0-9a-f]{64} {2}new\\nline\n[0-9a-f]{64} {2}new\nline\0$/,
  );
});

test('files are made, changed, moved, linked and removed', async t => {
  const { out, run, path } = await shellOnBoard(t);
  await out('mkdir -p a/b/c; touch a/f; cp a/f a/g; mv a/g a/b; ln -s f a/l; rm a/f; rmdir a/b/c');
  t.is(await out('find a | sort'), 'a\na/b\na/b/g\na/l\n');
  await out('cp -r a z; rm -rf a; mkdir into; mv z into; mv -T into moved');
  t.is(await out('ls -R moved'), 'moved:\nz\n\nmoved/z:\nb\nl\n\nmoved/z/b:\ng\n');
  if (process.platform !== 'win32') {
    await out('touch m; chmod 640 m; chmod u+x,o=r m; chmod -w m');
    t.is((await stat(path('/home/mendel/m'))).mode & 0o777, 0o544);
  }
  t.is(await out('mktemp -d | grep -c "^/tmp/tmp\\."; cd /tmp; mktemp x.XXXX | wc -c'), '1\n7\n');
  const errors = [
    ['mkdir moved', "mkdir: cannot create directory 'moved': File exists"],
    ['rmdir moved', "rmdir: failed to remove 'moved': Directory not empty"],
    ['rm moved', "rm: cannot remove 'moved': Is a directory"],
    ['rm nothing', "rm: cannot remove 'nothing': No such file or directory"],
    ['cp nothing x', "cp: cannot stat 'nothing': No such file or directory"],
    ['touch /etc/x', "touch: cannot touch '/etc/x': Permission denied"],
    ['ls nothing', "ls: cannot access 'nothing': No such file or directory"],
  ] as const;
  for (const [script, message] of errors) t.is((await run(script)).err, `${message}\n`);
  t.is((await run('rm -f nothing')).code, 0);
});

test('find tells what transfers ask for', async t => {
  const { out } = await shellOnBoard(t);
  await out('mkdir -p d/sub; printf 12345 > d/f; ln -s f d/l; touch -d @1500000000 d/f; chmod 644 d/f');
  t.is(await out("find d -type f -printf '%y %s %m %P %p %f %h %d\\n'"), 'f 5 644 f d/f f d 1\n');
  t.regex(await out("find d/f -printf '%T@'"), /^1500000000\.0+$/);
  t.is(await out("find d -type l -printf '%l\\0'"), 'f\0');
  t.is(await out('find d -mindepth 1 -maxdepth 1 ! -type d | sort'), 'd/f\nd/l\n');
  t.is(
    await out("find d -name 'su*' -o -name f | sort; find d -size +4c -type f; find d -empty"),
    'd/f\nd/sub\nd/f\nd/sub\n',
  );
  t.is(await out("find d -type f -exec echo got {} ';'; find d -delete; ls"), 'got d/f\n');
});

test('dd copies a part, and writes into the middle of a file', async t => {
  const { out, path } = await shellOnBoard(t);
  t.is(await out('dd bs=2 skip=1 count=2 status=none; cat', 'abcdefgh'), 'cdefgh');
  await out('printf abcdef > f; printf XY | dd of=f bs=1 seek=2 conv=notrunc status=none');
  t.is((await readFile(path('/home/mendel/f'))).toString(), 'abXYef');
  await out('printf new | dd of=f status=none');
  t.is((await readFile(path('/home/mendel/f'))).toString(), 'new');
});

test('programs start others with another environment, user, time limit or input', async t => {
  const { out, run } = await shellOnBoard(t);
  t.is(
    await out('whoami; sudo whoami; sudo -u mendel whoami; sudo sh -c "id -u"; sudo -n true'),
    'mendel\nroot\nmendel\n0\n',
  );
  t.is(
    await out('A=1 env | grep ^A; env -i B=2; export C=3; sh -c "echo \\$C"; env -u C sh -c "echo \\$C"'),
    'A=1\nB=2\n3\n\n',
  );
  t.is(await out("printf 'a b\\nc' | xargs echo x; printf 'a b\\0c' | xargs -0 -n 1 echo"), 'x a b c\na b\nc\n');
  t.is(await out('xargs -r echo no; nohup echo on; nice -n 5 echo nice'), 'on\nnice\n');
  t.is((await run('timeout 0.05 sleep 60')).code, 124);
  t.is((await run('timeout 60 sh -c "exit 7"')).code, 7);
  t.is((await run('sudo')).code, 1);
});

test('the system is that of a board', async t => {
  const { asked, out, run } = await shellOnBoard(t);
  t.is(
    await out('uname -a; uname -m; hostname; cat /etc/hostname'),
    'Linux shy-clam 4.14.98-imx #1 SMP PREEMPT aarch64 GNU/Linux\naarch64\nshy-clam\nshy-clam\n',
  );
  t.regex(await out('cat /etc/os-release'), /PRETTY_NAME="Mendel GNU\/Linux 5 \(Eagle\)"/);
  const milliC = Number(await out('cat /sys/class/apex/apex_0/temp'));
  t.true(milliC > 20_000 && milliC < 60_000);
  t.regex(await out('cat /proc/uptime; uptime; uptime -s'), /^\d+\.\d\d \d+\.\d\d\n.*load average.*\n\d{4}-/);
  t.is((await run('reboot')).code, 1);
  t.is((await run('systemctl restart mdt-keymaster')).code, 1);
  await out('sudo systemctl restart mdt-keymaster; systemctl is-active mdt-keymaster >/dev/null');
  t.is((await run('sudo systemctl restart nothing')).code, 5);
  await out('sudo reboot; sudo reboot-bootloader; sudo systemctl reboot');
  t.deepEqual(asked, ['restart keymaster', 'reboot into linux', 'reboot into bootloader', 'reboot into linux']);
});

test('devices of the kernel can be read and written', async t => {
  const { out } = await shellOnBoard(t);
  t.is(
    await out('echo gone > /dev/null; cat /dev/null; head -c 3 /dev/zero | tr "\\0" z; head -c 5 /dev/urandom | wc -c'),
    'zzz5\n',
  );
});

test('an unknown option is an error, not ignored', async t => {
  const { run } = await shellOnBoard(t);
  for (const script of [
    'ls -?',
    'cp --nothing a b',
    'head -k',
    'find -nothing',
    'dd nothing',
    'tar --nothing',
    'sort -j',
  ]) {
    t.not((await run(script)).code, 0, script);
  }
});
