import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { removeFolder } from '../../src/virtual-board/storage/remove-folder.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { shellOnBoard } from './shell-on-board.js';

test('names of files are taken apart and found', async t => {
  const { out, run } = await shellOnBoard(t);
  t.is(
    await out('basename /a/b.txt; basename b.txt .txt; basename .txt .txt; dirname /a/b c; pwd'),
    'b.txt\nb\n.txt\n/a\n.\n/home/mendel\n',
  );
  await out('mkdir -p d/e; ln -s d/e link; ln -s gone broken');
  t.is(
    await out('readlink link; readlink -f link; realpath link/..; readlink -n link'),
    'd/e\n/home/mendel/d/e\n/home/mendel/d\nd/e',
  );
  t.is((await run('readlink d')).code, 1);
  t.regex((await run('realpath nothing')).err, /No such file/);
  t.is(await out('which ls sh mdt-install-package'), '/bin/ls\n/bin/sh\n/usr/sbin/mdt-install-package\n');
  t.is((await run('which cd nothing')).code, 1);
});

test('who and when', async t => {
  const { out, run } = await shellOnBoard(t);
  t.is(
    await out('id -un; id -u; groups; arch; nproc; tty; logname; sync'),
    'mendel\n1000\nmendel sudo\naarch64\n4\nnot a tty\nmendel\n',
  );
  t.regex(
    await out('id; date; date +%Y-%m-%dT%H:%M:%S; date +%s%%%F; uptime -p'),
    /^uid=1000\(mendel\)[^]*UTC\n\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\n\d+%\d{4}-\d\d-\d\d\nup 0 minutes\n$/,
  );
  t.is((await run('id -x')).code, 1);
  t.is(
    await out('seq 3; seq 2 4; seq 4 -2 0; uname; uname -sr'),
    '1\n2\n3\n2\n3\n4\n4\n2\n0\nLinux\nLinux 4.14.98-imx\n',
  );
  for (const script of [
    'seq',
    'seq 1 0 2',
    'seq x',
    'uname -x',
    'sleep',
    'sleep x',
    'stty size',
    'timeout x true',
    'env -x',
  ]) {
    t.not((await run(script)).code, 0, script);
  }
  t.is(await out('sleep 0.001 0.001s'), '');
});

test('disk and memory are told as Linux tells them', async t => {
  const { out } = await shellOnBoard(t);
  await out('head -c 5000 /dev/zero > f; mkdir d; cp f d');
  t.is(await out('du -b f; du -sb d; du -k f'), '5000\tf\n5000\td\n5\tf\n');
  t.regex(
    await out('df'),
    /^Filesystem +1K-blocks +Used Available Use% Mounted on\n\/dev\/mmcblk0p3 +2097152 +\d+ +\d+ +1% \/home\n$/,
  );
  t.regex(await out('df -h; df -m; df -B1; free'), /2048M[^]*1M-blocks +[^]*1B-blocks[^]*2147483648[^]*Mem:/);
});

test('gzip changes files in place, and back', async t => {
  const { out, path, run } = await shellOnBoard(t);
  await out('echo content > f; gzip f');
  t.is(await out('ls; zcat f.gz; gzip -dc < f.gz'), 'f.gz\ncontent\ncontent\n');
  await out('gunzip -k f.gz');
  t.is(await out('ls; cat f'), 'f\nf.gz\ncontent\n');
  t.is((await readFile(path('/home/mendel/f.gz')))[0], 0x1f);
  t.regex((await run('gunzip f')).err, /unknown suffix/);
  t.regex((await run('gzip -dc f')).err, /not in gzip format/);
  t.regex((await run('head -c 12 f.gz | gzip -dc')).err, /unexpected end of file/);
});

test('cmp tells whether files are the same', async t => {
  const { out, run } = await shellOnBoard(t);
  await out('echo same > a; cp a b; echo some > c; echo same and more > d');
  t.is(await out('cmp a b; cmp a - < b'), '');
  t.deepEqual(await run('cmp a c'), { code: 1, out: 'a c differ: byte 2\n', err: '' });
  t.is((await run('cmp -s a d')).code, 1);
  t.is((await run('cmp a nothing')).code, 2);
});

test('times, sizes and owners of files are changed', async t => {
  const { out, run } = await shellOnBoard(t);
  t.is(
    await out(
      'touch -d @100 a; touch -r a b; stat -c %Y b; touch -c nothing; ls; touch -d "2020-01-02 03:04:05Z" a; stat -c %Y a',
    ),
    '100\na\nb\n1577934245\n',
  );
  t.is(
    await out('truncate -s 2K a; stat -c "%s %F %n %U:%G" a; truncate -s 0 a; stat -c %F a; stat -c %U /etc'),
    '2048 regular file a mendel:mendel\nregular empty file\nroot\n',
  );
  t.is(
    await out('chown mendel a; chgrp mendel a; mkdir -m 700 m; stat -c %a m'),
    process.platform === 'win32' ? '666\n' : '700\n',
  );
  t.regex(await out('stat a; ls -l a; ls -dl .'), /File: a[^]*-rw[^]*mendel mendel[^]*drwx/);
  for (const script of [
    'touch -d never a',
    'truncate a',
    'chmod 9 a',
    'chmod u+q a',
    'chown x nothing',
    'mktemp abc',
    'ln',
  ]) {
    t.not((await run(script)).code, 0, script);
  }
});

test('services and packages are asked about', async t => {
  const { out, run } = await shellOnBoard(t);
  t.is(
    await out(
      'systemctl is-active ssh; systemctl is-enabled mdt-keymaster; systemctl is-system-running; systemctl daemon-reload',
    ),
    'active\nenabled\nrunning\n',
  );
  t.regex(await out('systemctl status mdt-keymaster; sudo service ssh restart'), /Active: active \(running\)/);
  t.deepEqual([(await run('systemctl is-active no')).code, (await run('systemctl status no')).code], [3, 4]);
  t.is((await run('systemctl unknown ssh')).code, 1);
  t.is(
    await out("dpkg-query -W -f='${Package}=${Status}\\n' libc6; dpkg-query -f '${Version}' -W libc6"),
    'libc6=install ok installed\n2.28-10',
  );
  t.regex(await out('dpkg-query -W; dpkg -l'), /libc6\t2\.28-10\n[^]*ii {2}libc6/);
  for (const script of [
    'dpkg',
    'dpkg-query -W no-such',
    'sudo dpkg -i',
    'apt-get nothing',
    'mdt-install-package',
    'sudo mdt-install-package x.deb',
  ]) {
    t.not((await run(script)).code, 0, script);
  }
  t.is(
    await out('sudo apt-get upgrade -y | tail -n 1'),
    '0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n',
  );
});

test('builtins of the shell answer', async t => {
  const { out, run } = await shellOnBoard(t);
  t.is(
    await out('type cd ls if; command -v ls cd; command -V ls; command echo x'),
    'cd is a shell builtin\nls is /bin/ls\nif is a shell builtin\n/bin/ls\ncd\nls is /bin/ls\nx\n',
  );
  t.is((await run('type nothing')).code, 1);
  t.is(await out('umask; umask 077; ulimit -n; hash; alias() { :; }; alias'), '0022\nunlimited\n');
  t.is(
    await out('export A=1 B; export -p | grep A=; unset A; echo ${A-gone}; readonly C=3; echo $C'),
    "export A='1'\ngone\n3\n",
  );
  t.is(
    await out('echo "X=from file" > lib; echo "x() { echo called; }" >> lib; sed() { :; }; . ./lib 2>/dev/null; x'),
    'called\n',
  );
  t.is(await out('eval "echo a; echo b"; set -- one two; shift; echo $1'), 'a\nb\ntwo\n');
  t.is((await run('set -x; A=1 echo hi')).err, '+ A=1 echo hi\n');
  t.is(
    await out('cd /etc; cd - ; cd; pwd; trap; trap "echo t" USR1; trap; set -o pipefail; echo $-'),
    "/home/mendel\n/home/mendel\ntrap -- 'echo t' USR1\n\n",
  );
  t.is((await run('set -Z')).code, 2);
  t.is((await run('kill 99999')).code, 1);
  t.is(await out("printf 'a b c\\nlast' | { read x y; echo $y,$x; read -r z || echo end:$z; }"), 'b c,a\nend:last\n');
  t.is(await out("IFS=: read a b <<E\n1:2:3\nE\necho $b; printf '%s' \"$(printf 'x\\\\ty')\""), '2:3\nx\\ty');
  t.is((await run('exec echo replaced; echo no')).out, 'replaced\n');
  t.is((await run('. nothing; echo $?')).out, '1\n');
  t.is((await run("sh -x -c 'echo $0 $1' name arg")).out, 'name arg\n');
  t.is(
    await out(
      'echo "echo from stdin" | sh; echo "echo \\$1" | sh -s first; echo "echo f \\$1" > s; sh s arg; bash -e -c true',
    ),
    'from stdin\nfirst\nf arg\n',
  );
  t.deepEqual([(await run('sh -c')).code, (await run('sh nothing')).code, (await run('sh -Q')).code], [2, 127, 2]);
});

const onUnix = process.platform === 'win32' ? test.skip : test;

onUnix('a folder is removed although its permissions are gone', async t => {
  const folder = join(await tempDir(t), 'x');
  await mkdir(join(folder, 'a', 'b'), { recursive: true });
  await chmod(join(folder, 'a'), 0o000);
  await removeFolder(folder);
  await t.throwsAsync(readFile(folder), { code: 'ENOENT' });
});
