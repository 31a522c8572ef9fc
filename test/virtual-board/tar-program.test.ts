import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import tarStream from 'tar-stream';
import { shellOnBoard } from './shell-on-board.js';

type Header = Parameters<ReturnType<typeof tarStream.pack>['entry']>[0];

async function archive(...members: readonly (Header & { content?: string })[]): Promise<Buffer> {
  const pack = tarStream.pack();
  for (const { content = '', ...header } of members) pack.entry(header, content);
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('what tar packs, tar unpacks: content, modes, times, symlinks and empty folders', async t => {
  const { out, path } = await shellOnBoard(t);
  await out(
    'mkdir -p from/empty from/sub; echo one > from/a; echo two > "from/sub/b c"; chmod 750 from/a; ln -s a from/l',
  );
  await out('touch -d @1000000000 from/a from/sub; mkdir to; tar -cf - -C from . | tar -C to -xpf -');
  t.is(await out('cd to; find . | sort'), '.\n./a\n./empty\n./l\n./sub\n./sub/b c\n');
  const stats = await stat(path('/home/mendel/to/a'));
  t.is(stats.mtimeMs, 1_000_000_000_000);
  if (process.platform !== 'win32') t.is(stats.mode & 0o777, 0o750);
  t.is(await out('readlink to/l; stat -c %Y to/sub; cat "to/sub/b c"'), 'a\n1000000000\ntwo\n');
});

test('names come from a list, and gzip is undone', async t => {
  const { out } = await shellOnBoard(t);
  await out('echo 1 > a; echo 2 > b; echo 3 > c');
  t.is(await out("printf 'a\\0c\\0' | tar -cf - --null -T - | tar -tf -"), 'a\nc\n');
  t.is(await out('tar -czf x.tgz a b; tar -tzf x.tgz; gzip -dc x.tgz | tar -xOf - a 2>/dev/null || true'), 'a\nb\n');
  const zipped = gzipSync(await archive({ name: 'z', content: 'zipped\n' }));
  t.is(await out('gzip -dc | tar -xf - && cat z', zipped), 'zipped\n');
});

test('an archive cannot reach outside of the board or through what it brings itself', async t => {
  const { path, run } = await shellOnBoard(t);
  const name = 'mdt-tar-escape';
  const outside = join(path('/'), '..', name);
  const hostile = await archive(
    { name: `../../../../../..${outside}`, content: 'hacked' },
    { name: outside, content: 'hacked' },
    { name: 'away', type: 'symlink', linkname: join(path('/'), '..') },
    { name: `away/${name}`, content: 'hacked' },
    { name: 'hard', type: 'link', linkname: '../../../../../etc/hostname' },
    { name: 'hard2', type: 'link', linkname: outside },
    { name: 'fine', content: 'fine' },
  );
  const { code, err } = await run('mkdir x; cd x; tar -xf -; cat fine >&2', { input: hostile });
  t.is(code, 0);
  t.regex(err, /Member name contains '\.\.'/);
  t.regex(err, /fine$/);
  await t.throwsAsync(readFile(outside), { code: 'ENOENT' });
});

test('what is no archive, or ends early, is an error', async t => {
  const { run } = await shellOnBoard(t);
  const whole = await archive({ name: 'big', content: 'x'.repeat(5000) });
  const cut = await run('tar -xf -', { input: whole.subarray(0, 2000) });
  t.is(cut.code, 2);
  t.regex(cut.err, /Unexpected EOF in archive/);
  t.is((await run('tar -xf -', { input: Buffer.alloc(2000, 'garbage') })).code, 2);
  t.is((await run('gzip -dc | tar -xf -', { input: 'no gzip' })).code, 2);
  t.is((await run('tar -xf nothing.tar')).code, 1);
  t.regex((await run('tar -cf - nothing')).err, /nothing: Cannot stat: No such file or directory/);
});

test('a full disk ends unpacking with the text of Linux', async t => {
  const { board, run } = await shellOnBoard(t);
  board.faults = { diskSizeBytes: 100_000 };
  const { code, err } = await run('tar -xf -', { input: await archive({ name: 'big', content: 'x'.repeat(200_000) }) });
  t.is(code, 2);
  t.regex(err, /big: .*No space left on device/);
});

test('much data flows through in bounded pieces', async t => {
  const { out } = await shellOnBoard(t);
  await out('mkdir d; head -c 30000000 /dev/zero > d/zeros; head -c 1000003 /dev/urandom > d/random');
  t.is(
    await out('mkdir e; tar -cf - d | gzip -c | gzip -dc | tar -C e -xf -; cmp d/random e/d/random; wc -c < e/d/zeros'),
    '30000000\n',
  );
});

test('it ends when it is told to, also between one entry and the next', async t => {
  const { board, path, run } = await shellOnBoard(t);
  const whole = await archive({ name: 'folder/empty' });
  await writeFile(path('/home/mendel/begun.tar'), whole.subarray(0, 512));
  const controller = new AbortController();
  // What comes after it is being waited for while the entry is still being unpacked.
  board.onFileChange(changed => {
    if (changed.endsWith('/folder')) controller.abort('TERM');
  });
  const running = run('{ cat begun.tar; sleep 60; } | tar -xf -', { signal: controller.signal });
  await t.throwsAsync(running, { name: 'AbortedError' });
});
