import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, rmSync, truncateSync, utimesSync } from 'node:fs';
import { chmod, mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { push } from '../../src/files/push.js';
import type { SshSession } from '../../src/ssh/session.js';
import type { ProgressEvent } from '../../src/time/progress.js';
import { onEveryBoard } from './suite.js';
import { boardTree, localTree, makeTree, readRemote, writeRemote } from './trees.js';

const ODD_NAMES = [
  'with blank',
  "it's",
  '"quoted"',
  '$(touch nowhere)',
  '`id`',
  '-rf',
  '--',
  '*',
  '~',
  'a;b&c|d',
  'back\\slash',
  'ünïcödé 😀',
  '.hidden',
  '%s%n',
  'x'.repeat(200),
];
const NAMES_OF_LINUX = ['new\nline', 'tab\there', '\u001b[31mred', ' lead', 'trail '];

onEveryBoard('a folder arrives as it is: any names, modes, times, symlinks, empty files and folders', async context => {
  const { t, session, here, there } = context;
  const names = process.platform === 'win32' ? ['with blank', "it's", 'ünïcödé 😀', '.hidden', '-rf'] : ODD_NAMES;
  const tree: Record<string, string> = { 'empty folder/': '', empty: '', 'a/b/c/deep': 'deep' };
  for (const name of process.platform === 'linux' ? [...names, ...NAMES_OF_LINUX] : names) {
    tree[name] = `content of ${name}`;
    tree[`sub ${name}/in ${name}`.slice(0, 250)] = 'below';
  }
  if (process.platform !== 'win32') tree['link'] = "-> a/it's nowhere";
  await makeTree(join(here, 'tree'), tree);
  if (process.platform !== 'win32') {
    await chmod(join(here, 'tree', 'empty'), 0o600);
    await chmod(join(here, 'tree', '-rf'), 0o755);
    await chmod(join(here, 'tree', 'a', 'b'), 0o750);
  }
  const summary = await push(session, { sources: [join(here, 'tree')], destination: there });
  t.deepEqual(await boardTree(session, `${there}/tree`), await localTree(join(here, 'tree')));
  t.deepEqual(
    (await (await session.sftp()).readdir(there)).map(({ name }) => name),
    ['tree'],
  );
  const files = Object.keys(tree).filter(name => !name.endsWith('/') && name !== 'link').length;
  t.is(summary.files, files);
  t.deepEqual(summary.targets, [`${there}/tree`]);
});

onEveryBoard('a folder with several lines in its name can be the destination', async ({ t, session, here, there }) => {
  await makeTree(here, { 'small file': 'content' });
  const folder = process.platform === 'linux' ? `${there}/one\n\n two \n` : `${there}/one`;
  await (await session.sftp()).mkdir(folder);
  await push(session, { sources: [join(here, 'small file')], destination: `${folder}/` });
  t.is((await readRemote(session, `${folder}/small file`)).toString(), 'content');
});

onEveryBoard('what is on the board already is not sent again, what differs is', async ({ t, session, here, there }) => {
  const request = { sources: [join(here, 'tree')], destination: there };
  await makeTree(join(here, 'tree'), { same: 'same', size: 'size', time: 'time', 'folder/x': 'x', 'folder/y': 'y' });
  t.is((await push(session, request)).files, 5);
  const again = await push(session, request);
  t.deepEqual([again.files, again.bytes, again.unchanged, again.directories], [0, 0, 5, 0]);
  await writeFile(join(here, 'tree', 'size'), 'longer');
  await utimes(join(here, 'tree', 'time'), 1_500_000_000, 1_500_000_000);
  await makeTree(join(here, 'tree'), { 'folder/new': 'new', 'other/z': 'z' });
  const third = await push(session, request);
  t.deepEqual([third.files, third.unchanged, third.directories], [4, 3, 1]);
  t.deepEqual(await boardTree(session, `${there}/tree`), await localTree(join(here, 'tree')));
});

onEveryBoard('what else is in a folder on the board stays', async ({ t, session, here, there }) => {
  await makeTree(join(here, 'tree'), { 'folder/x': 'x' });
  await push(session, { sources: [join(here, 'tree')], destination: there });
  await writeRemote(session, `${there}/tree/folder/theirs`, 'theirs');
  await writeFile(join(here, 'tree', 'folder', 'x'), 'newer');
  await push(session, { sources: [join(here, 'tree')], destination: there });
  const tree = await boardTree(session, `${there}/tree`);
  t.regex(tree['folder/theirs'] ?? '', /theirs$/);
  t.regex(tree['folder/x'] ?? '', /newer$/);
});

onEveryBoard(
  'a file changed again within the same second is sent again',
  async ({ t, session, here, there }) => {
    const request = { sources: [join(here, 'file')], destination: there };
    const now = Date.now() / 1000;
    const second = Math.floor(now);
    await writeFile(join(here, 'file'), 'one');
    await utimes(join(here, 'file'), now, second + 0.25);
    await push(session, request);
    await writeFile(join(here, 'file'), 'two');
    await utimes(join(here, 'file'), now, second + 0.75);
    t.is((await push(session, request)).files, 1);
    t.is((await readRemote(session, `${there}/file`)).toString(), 'two');
  },
  'exact times',
);

onEveryBoard('with checksums content decides, not size and time', async ({ t, session, here, there }) => {
  const request = { sources: [join(here, 'tree')], destination: there, options: { checksum: true } };
  await makeTree(join(here, 'tree'), { a: 'aaaa', "b'b c": 'bbbb' });
  t.is((await push(session, request)).files, 2);
  await makeTree(join(here, 'tree'), { a: 'AAAA' });
  await utimes(join(here, 'tree', "b'b c"), 1_234_567, 1_234_567);
  t.is((await push(session, { ...request, options: {} })).files, 1);
  await makeTree(join(here, 'tree'), { a: 'aaAA' });
  const summary = await push(session, request);
  t.deepEqual([summary.files, summary.unchanged], [1, 1]);
  t.is((await readRemote(session, `${there}/tree/a`)).toString(), 'aaAA');
});

onEveryBoard('a destination that is a folder, or ends in a slash, takes the source under its name', async context => {
  const { t, session, here, there } = context;
  await makeTree(here, { 'dir/x': 'x', file: 'f' });
  const sources = [join(here, 'file'), `${join(here, 'dir')}/`];
  await push(session, { sources, destination: there });
  await push(session, { sources, destination: `${there}/new/` });
  await push(session, { sources: [`${join(here, 'dir')}/.`], destination: `${there}/content/` });
  await push(session, { sources: [`${join(here, 'dir')}/.`], destination: there });
  t.deepEqual(Object.keys(await boardTree(session, there)), [
    'content',
    'content/x',
    'dir',
    'dir/x',
    'file',
    'new',
    'new/dir',
    'new/dir/x',
    'new/file',
    'x',
  ]);
});

onEveryBoard('another destination is the new name of the one source', async ({ t, session, here, there }) => {
  await makeTree(here, { 'dir/x': 'x', file: 'f' });
  await push(session, { sources: [join(here, 'file')], destination: `${there}/renamed` });
  await push(session, { sources: [join(here, 'dir')], destination: `${there}/other dir` });
  await writeFile(join(here, 'file'), 'newer');
  await push(session, { sources: [join(here, 'file')], destination: `${there}/renamed` });
  t.deepEqual(Object.keys(await boardTree(session, there)), ['other dir', 'other dir/x', 'renamed']);
  t.is((await readRemote(session, `${there}/renamed`)).toString(), 'newer');
});

onEveryBoard('what stands in the way is told before anything is changed', async ({ t, session, here, there }) => {
  await makeTree(here, { 'dir/x': 'x', file: 'f', 'deep/file': 'f' });
  const sftp = await session.sftp();
  await sftp.mkdir(`${there}/file`);
  await writeRemote(session, `${there}/dir`, 'a file');
  const before = await boardTree(session, there);
  const refused = async (sources: string[], destination: string, message: RegExp): Promise<void> => {
    const paths = sources.map(source => join(here, source));
    await t.throwsAsync(push(session, { sources: paths, destination }), { message });
  };
  await refused(['file'], there, /file on the board is a folder/);
  await refused(['dir'], there, /dir on the board is not a folder/);
  await refused(['deep'], `${there}/dir/`, /dir is not a folder on the board/);
  await refused(['file', 'deep'], `${there}/none`, /none is not a folder on the board/);
  await refused(['deep'], `${there}/none/at/all`, /There is no folder .*none\/at on the board/);
  await refused(['deep'], `${there}/none/at/all/`, /There is no folder .*none\/at on the board/);
  await refused(['nothing'], there, /nothing does not exist on this host/);
  await refused(['file', 'deep/file'], `${there}/new/`, /Two of the sources are called file/);
  t.deepEqual(await boardTree(session, there), before);
});

onEveryBoard(
  'symlinks are kept, followed or left out as asked, special files are left out, and told',
  async ({ t, session, here, there }) => {
    await makeTree(join(here, 'tree'), { file: 'f', link: '-> file', folder: '-> real', 'real/x': 'x' });
    execFileSync('mkfifo', [join(here, 'tree', 'fifo')]);
    const messages: string[] = [];
    const run = async (symlinks: 'preserve' | 'follow' | 'skip'): Promise<string[]> => {
      const onProgress = (event: ProgressEvent): void => {
        if (event.kind === 'message') messages.push(event.text);
      };
      const request = { sources: [join(here, 'tree')], destination: `${there}/${symlinks}`, options: { symlinks } };
      await push(session, request, { onProgress });
      const tree = await boardTree(session, `${there}/${symlinks}`);
      return Object.entries(tree).map(([name, text]) => `${name}: ${/^link.*|^\w+/.exec(text)?.[0] ?? ''}`);
    };
    const rest = ['real: folder', 'real/x: file'];
    t.deepEqual(await run('preserve'), ['file: file', 'folder: link -> real', 'link: link -> file', ...rest]);
    t.deepEqual(await run('follow'), ['file: file', 'folder: folder', 'folder/x: file', 'link: file', ...rest]);
    t.deepEqual(await run('skip'), ['file: file', ...rest]);
    t.is(messages.filter(text => text.includes('fifo was left out') || /Left out .*fifo/.test(text)).length, 3);
    const again = await push(session, { sources: [join(here, 'tree')], destination: `${there}/preserve/` });
    t.is(again.symlinks, 2);
  },
  'symlinks',
);

onEveryBoard(
  'a symlink is replaced, not written through',
  async ({ t, session, here, there }) => {
    await makeTree(here, { file: 'new', 'tree/x': 'new' });
    await writeRemote(session, `${there}/theirs`, 'theirs');
    const sftp = await session.sftp();
    await sftp.symlink('theirs', `${there}/file`);
    await push(session, { sources: [join(here, 'file')], destination: there });
    t.is((await readRemote(session, `${there}/theirs`)).toString(), 'theirs');
    t.is((await sftp.lstat(`${there}/file`))?.type, 'file');
    await sftp.mkdir(`${there}/tree`);
    await sftp.symlink('../theirs', `${there}/tree/x`);
    await push(session, { sources: [join(here, 'tree')], destination: there });
    t.is((await readRemote(session, `${there}/theirs`)).toString(), 'theirs');
  },
  'symlinks',
);

onEveryBoard(
  'names that are not UTF-8 keep their bytes',
  async ({ t, session, here, there }) => {
    const odd = Buffer.concat([Buffer.from(`${here}/tree/odd-`), Buffer.from([0xff, 0xfe, 0x0a])]);
    await mkdir(join(here, 'tree'));
    await writeFile(odd, 'odd');
    await push(session, { sources: [join(here, 'tree')], destination: there });
    const names = await readdir(`${there}/tree`, { encoding: 'buffer' });
    t.deepEqual(names, [Buffer.concat([Buffer.from('odd-'), Buffer.from([0xff, 0xfe, 0x0a])])]);
    t.is((await push(session, { sources: [join(here, 'tree')], destination: there })).unchanged, 1);
  },
  'any name',
);

onEveryBoard('without attributes only the content is kept', async ({ t, session, here, there }) => {
  await makeTree(here, { file: 'content' });
  await chmod(join(here, 'file'), 0o600);
  await push(session, { sources: [join(here, 'file')], destination: there, options: { keepAttributes: false } });
  const found = await (await session.sftp()).stat(`${there}/file`);
  t.not(found?.modifiedAtS, 1_600_000_000);
  if (process.platform !== 'win32') t.is(found?.mode, 0o644 & (0o600 | 0o055));
});

onEveryBoard('a dry run changes nothing and counts what it would do', async ({ t, session, here, there }) => {
  await makeTree(join(here, 'tree'), { a: 'aaa', 'b/c': 'c' });
  const request = { sources: [join(here, 'tree')], destination: there, options: { dryRun: true } };
  const summary = await push(session, request);
  t.deepEqual([summary.files, summary.directories, summary.bytes], [2, 2, 4]);
  t.deepEqual(await boardTree(session, there), {});
});

onEveryBoard('progress counts what the board has confirmed, up to the total', async ({ t, session, here, there }) => {
  await makeTree(join(here, 'tree'), { small: 'x'.repeat(1000), large: randomBytes(9_000_000) });
  const events: ProgressEvent[] = [];
  await push(
    session,
    { sources: [join(here, 'tree')], destination: there },
    { onProgress: event => events.push(event) },
  );
  t.deepEqual(events[0], { kind: 'started', task: 'push', unit: 'bytes', total: 9_001_000 });
  t.deepEqual(events.at(-1), { kind: 'finished', task: 'push', unit: 'bytes', done: 9_001_000 });
  const done = events.flatMap(event => (event.kind === 'progress' ? [event.done] : []));
  t.deepEqual(
    done,
    [...done].sort((a, b) => a - b),
  );
});

onEveryBoard(
  'a file that changes, shrinks or vanishes while it is sent is an error, and nothing half',
  async context => {
    const { t, session, here, there } = context;
    const changes: Record<string, (path: string) => void> = {
      grows: path => {
        appendFileSync(path, 'more');
      },
      shrinks: path => {
        truncateSync(path, 10);
      },
      vanishes: path => {
        rmSync(path);
      },
      changes: path => {
        utimesSync(path, 5, 5);
      },
    };
    for (const size of [20_000, 9_000_000]) {
      for (const [how, change] of Object.entries(changes)) {
        const path = join(here, `${how}-${String(size)}`);
        await writeFile(path, randomBytes(size));
        const onProgress = (event: ProgressEvent): void => {
          if (event.kind === 'started') change(path);
        };
        const pushing = push(session, { sources: [path], destination: there }, { onProgress });
        await t.throwsAsync(pushing, { code: 'FILE', message: /chang|shrank|vanished/ }, path);
      }
    }
    t.deepEqual(await boardTree(session, there), {});
  },
);

onEveryBoard(
  'a full disk is told with the file and the space, and nothing half stays',
  async ({ t, session, here, there, board }) => {
    await makeTree(here, { 'tree/small': 'x', 'tree/medium': randomBytes(3_000_000), large: randomBytes(9_000_000) });
    board.setFaults?.({ diskSizeBytes: 2_000_000 });
    for (const name of ['tree', 'large']) {
      const error = await t.throwsAsync(push(session, { sources: [join(here, name)], destination: there }), {
        message: /no space on the board for .*(medium|large).*free\)/i,
      });
      t.is((error as { exitCode?: number }).exitCode, 5);
    }
    await expectNothingHalf(t, session, there);
  },
  'faults',
);

onEveryBoard(
  'a disk that fills up on the way is told, and nothing half stays',
  async ({ t, session, here, there, board }) => {
    await makeTree(here, { large: randomBytes(9_000_000), 'tree/a': randomBytes(2_000_000), 'tree/b': 'b' });
    for (const name of ['tree', 'large']) {
      const onProgress = (event: ProgressEvent): void => {
        if (event.kind === 'started') board.setFaults?.({ diskSizeBytes: 1_500_000 });
      };
      board.setFaults?.({});
      await t.throwsAsync(push(session, { sources: [join(here, name)], destination: there }, { onProgress }), {
        message: /no space on the board/i,
      });
    }
    board.setFaults?.({});
    await expectNothingHalf(t, session, there);
  },
  'faults',
);

onEveryBoard(
  'a read-only board is told as that or as a refusal',
  async ({ t, session, here, there, board }) => {
    await makeTree(here, { file: 'x' });
    board.setFaults?.({ readOnly: true });
    const pushing = push(session, { sources: [join(here, 'file')], destination: there });
    await t.throwsAsync(pushing, { message: /read-only|permit/i });
    board.setFaults?.({});
    t.deepEqual(await boardTree(session, there), {});
  },
  'faults',
);

onEveryBoard('many files in many folders arrive whole, also onto older ones', async ({ t, session, here, there }) => {
  const tree: Record<string, Buffer> = {};
  for (let index = 0; index < 300; index++) tree[`d${String(index % 12)}/f${String(index)}`] = randomBytes(index * 7);
  await makeTree(join(here, 'tree'), tree);
  await push(session, { sources: [join(here, 'tree')], destination: there });
  for (let index = 0; index < 300; index += 3) tree[`d${String(index % 12)}/f${String(index)}`] = randomBytes(50);
  await makeTree(join(here, 'tree'), tree);
  const summary = await push(session, { sources: [join(here, 'tree')], destination: there });
  t.true(summary.files >= 98 && summary.files <= 100, String(summary.files));
  t.deepEqual(await boardTree(session, `${there}/tree`), await localTree(join(here, 'tree')));
});

onEveryBoard(
  'compressible data crosses a slow link compressed, and arrives as it was',
  async ({ t, board, here, there }) => {
    const lines = Array.from(
      { length: 200_000 },
      (_, index) => `line ${String(index)} of a log that repeats itself a lot\n`,
    );
    await makeTree(here, { 'large.log': lines.join(''), 'tree/a.log': lines.slice(0, 30_000).join('') });
    for (const name of ['large.log', 'tree']) {
      let sent = 0;
      const onSent = (bytes: number): void => {
        sent += bytes;
      };
      const slow = await board.open({ bytesPerS: 4_000_000, onSent });
      const { bytes } = await push(slow, { sources: [join(here, name)], destination: there });
      t.true(sent < bytes / 2, `${name}: ${String(sent)} of ${String(bytes)} bytes`);
    }
    const session = await board.open();
    t.is((await readRemote(session, `${there}/large.log`)).toString(), lines.join(''));
    t.is((await readRemote(session, `${there}/tree/a.log`)).toString(), lines.slice(0, 30_000).join(''));
  },
);

/** Of what was sent only files that fit whole may be there; without commands each is put in place on its own. */
async function expectNothingHalf(t: ExecutionContext, session: SshSession, there: string): Promise<void> {
  const left = Object.keys(await boardTree(session, there)).filter(
    name => !['tree', 'tree/b', 'tree/small'].includes(name),
  );
  t.deepEqual(left, []);
}
