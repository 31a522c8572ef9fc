import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pull } from '../../src/files/pull.js';
import { push } from '../../src/files/push.js';
import type { ProgressEvent } from '../../src/time/progress.js';
import { onEveryBoard } from './suite.js';
import { boardTree, localTree, makeTree, writeRemote } from './trees.js';

const ODD_NAMES =
  process.platform === 'win32'
    ? ['with blank', "it's", '-rf']
    : ['with blank', "it's", '"q"', '$(id)', '`id`', '-rf', '*', '~', 'a;b', 'back\\slash', 'ünïcödé 😀', '.hidden'];

onEveryBoard(
  'a folder comes back as it went: names, modes, times, symlinks, empty files and folders',
  async context => {
    const { t, session, here, there } = context;
    const tree: Record<string, string | Buffer> = {
      'empty folder/': '',
      empty: '',
      'a/b/c/deep': randomBytes(300_000),
    };
    for (const name of process.platform === 'linux' ? [...ODD_NAMES, 'new\nline', ' lead'] : ODD_NAMES) {
      tree[name] = `content of ${name}`;
      tree[`sub ${name}/in ${name}`] = 'below';
    }
    if (process.platform !== 'win32') tree['link'] = '-> ../nowhere';
    await makeTree(join(here, 'tree'), tree);
    if (process.platform !== 'win32') {
      await chmod(join(here, 'tree', 'empty'), 0o600);
      await chmod(join(here, 'tree', 'a', 'b'), 0o750);
    }
    await push(session, { sources: [join(here, 'tree')], destination: there });
    await mkdir(join(here, 'back'));
    const summary = await pull(session, { sources: [`${there}/tree`], destination: join(here, 'back') });
    t.deepEqual(await localTree(join(here, 'back', 'tree')), await localTree(join(here, 'tree')));
    t.deepEqual(await readdir(join(here, 'back')), ['tree']);
    t.deepEqual(summary.targets, [join(here, 'back', 'tree').replaceAll('\\', '/')]);
    const again = await pull(session, { sources: [`${there}/tree`], destination: join(here, 'back') });
    t.deepEqual([again.files, again.symlinks, again.bytes], [0, 0, 0]);
    t.is(again.unchanged, summary.files + summary.symlinks);
  },
);

onEveryBoard('what differs is fetched again; with checksums content decides', async ({ t, session, here, there }) => {
  await makeTree(join(here, 'tree'), { same: 'same', size: 'size', time: 'time' });
  await push(session, { sources: [join(here, 'tree')], destination: there });
  const request = { sources: [`${there}/tree/.`], destination: join(here, 'back/') };
  t.is((await pull(session, { ...request, destination: `${here}/back/` })).files, 3);
  await writeFile(join(here, 'back', 'size'), 'other');
  await utimes(join(here, 'back', 'time'), 5, 5);
  t.is((await pull(session, { ...request, destination: `${here}/back` })).files, 2);
  await writeFile(join(here, 'back', 'same'), 'SAME');
  await utimes(join(here, 'back', 'same'), 1_600_000_000, 1_600_000_000);
  t.is((await pull(session, { ...request, destination: `${here}/back` })).files, 0);
  const checked = await pull(session, { ...request, destination: `${here}/back`, options: { checksum: true } });
  t.deepEqual([checked.files, checked.unchanged], [1, 2]);
  t.is(await readFile(join(here, 'back', 'same'), 'utf8'), 'same');
});

onEveryBoard('patterns are expanded on the board, and read by no shell', async ({ t, session, here, there }) => {
  for (const name of ['a.log', 'b.log', 'c.txt', '.hidden.log', 'with blank.log']) {
    await writeRemote(session, `${there}/${name}`, name);
  }
  await (await session.sftp()).mkdir(`${there}/sub`);
  await writeRemote(session, `${there}/sub/d.log`, 'd');
  const get = async (...patterns: string[]): Promise<string[]> => {
    const destination = join(here, randomBytes(4).toString('hex'));
    await mkdir(destination);
    await pull(session, { sources: patterns.map(pattern => `${there}/${pattern}`), destination });
    return (await readdir(destination)).sort();
  };
  t.deepEqual(await get('*.log'), ['a.log', 'b.log', 'with blank.log']);
  t.deepEqual(await get('[ab].*', 's*/*.log'), ['a.log', 'b.log', 'd.log']);
  t.deepEqual(await get('?.txt', '.h*'), ['.hidden.log', 'c.txt']);
  await t.throwsAsync(get('*.none'), { message: /\*\.none is not on the board/ });
  await t.throwsAsync(get(`$(touch ${there}/owned)*`), { message: /is not on the board/ });
  await t.throwsAsync(get('*;touch owned'), { message: /is not on the board/ });
  t.false(Object.keys(await boardTree(session, there)).includes('owned'));
  if (process.platform !== 'win32') {
    await writeRemote(session, `${there}/[ab].log`, 'literal');
    t.deepEqual(await get('[ab].log'), ['[ab].log']);
  }
});

onEveryBoard('the destination follows the same rules as that of a push', async ({ t, session, here, there }) => {
  await makeTree(join(here, 'from'), { 'dir/x': 'x', file: 'f' });
  await push(session, { sources: [`${here}/from/.`], destination: there });
  await mkdir(join(here, 'to'));
  const to = `${here}/to`;
  await pull(session, { sources: [`${there}/file`, `${there}/dir/`], destination: to });
  await pull(session, { sources: [`${there}/file`], destination: `${to}/renamed` });
  await pull(session, { sources: [`${there}/dir`], destination: `${to}/other` });
  await pull(session, { sources: [`${there}/dir/.`], destination: `${to}/content/` });
  t.deepEqual((await readdir(to, { recursive: true })).map(name => name.replaceAll('\\', '/')).sort(), [
    'content',
    'content/x',
    'dir',
    'dir/x',
    'file',
    'other',
    'other/x',
    'renamed',
  ]);
  const refused = async (sources: string[], destination: string, message: RegExp): Promise<void> => {
    await t.throwsAsync(pull(session, { sources: sources.map(name => `${there}/${name}`), destination }), { message });
  };
  await refused(['file', 'dir'], `${to}/none`, /none is not a folder/);
  await refused(['file'], `${to}/none/at/all`, /There is no folder/);
  await refused(['absent'], to, /absent is not on the board/);
  await refused(['file/.'], to, /file on the board is not a folder|absent|is not on the board/);
  await refused(['dir'], `${to}/renamed/`, /is not a folder/);
  await mkdir(join(here, 'clash', 'file'), { recursive: true });
  await refused(['file'], `${here}/clash`, /file is a folder here/);
  await writeFile(join(here, 'clash', 'dir'), '');
  await refused(['dir'], `${here}/clash`, /dir is not a folder here/);
});

onEveryBoard(
  'a symlink here that stands where a folder is expected is refused: the board may have made it',
  async ({ t, session, here, there }) => {
    await makeTree(join(here, 'from'), { 'tree/sub/file': 'x' });
    await push(session, { sources: [join(here, 'from/tree')], destination: there });
    await mkdir(join(here, 'outside'));
    await mkdir(join(here, 'to', 'tree'), { recursive: true });
    await symlink('../../outside', join(here, 'to', 'tree', 'sub'));
    await t.throwsAsync(pull(session, { sources: [`${there}/tree`], destination: join(here, 'to') }), {
      message: /sub is not a folder here/,
    });
    t.deepEqual(await readdir(join(here, 'outside')), []);
  },
  'symlinks',
);

onEveryBoard(
  'symlinks of the board are kept, followed or left out as asked, and circles are told',
  async ({ t, session, here, there }) => {
    await makeTree(join(here, 'tree'), {
      file: 'f',
      link: '-> file',
      folder: '-> real',
      'real/x': 'x',
      'real/up': '-> ..',
    });
    await push(session, { sources: [join(here, 'tree')], destination: there });
    const get = async (symlinks: 'preserve' | 'follow' | 'skip'): Promise<[string[], number]> => {
      const request = { sources: [`${there}/tree`], destination: join(here, symlinks), options: { symlinks } };
      const { skipped } = await pull(session, request);
      const names = Object.entries(await localTree(join(here, symlinks)));
      return [names.map(([name, text]) => `${name} ${/^\w+/.exec(text)?.[0] ?? ''}`), skipped.length];
    };
    const real = ['real folder', 'real/x file'];
    t.deepEqual(await get('preserve'), [
      ['file file', 'folder link', 'link link', 'real folder', 'real/up link', 'real/x file'],
      0,
    ]);
    t.deepEqual(await get('skip'), [['file file', ...real], 3]);
    const [followed, skipped] = await get('follow');
    t.deepEqual(followed, ['file file', 'folder folder', 'folder/x file', 'link file', ...real]);
    t.true(skipped > 0);
  },
  'symlinks',
);

onEveryBoard(
  'names that are not UTF-8 keep their bytes',
  async ({ t, session, here, there }) => {
    const odd = Buffer.concat([Buffer.from('odd-'), Buffer.from([0xff, 0x0a])]);
    await mkdir(`${there}/tree`);
    await writeFile(Buffer.concat([Buffer.from(`${there}/tree/`), odd]), 'odd');
    await pull(session, { sources: [`${there}/tree/*`], destination: here });
    t.deepEqual(await readdir(here, { encoding: 'buffer' }), [odd]);
    const large = Buffer.concat([Buffer.from(`${there}/tree/large-`), Buffer.from([0xfe])]);
    await writeFile(large, randomBytes(9_000_000));
    t.is((await pull(session, { sources: [`${there}/tree`], destination: `${here}/` })).bytes, 9_000_003);
  },
  'any name',
);

onEveryBoard('one file under several names comes once for each', async ({ t, session, here, there }) => {
  await makeTree(join(here, 'from'), { 'tree/x': 'x' });
  await push(session, { sources: [join(here, 'from/tree')], destination: there });
  await pull(session, { sources: [`${there}/tree`, `${there}/tree/x`, `${there}/t*/x`], destination: `${here}/to/` });
  t.deepEqual((await readdir(join(here, 'to'))).sort(), ['tree', 'x']);
});

onEveryBoard('progress counts what has arrived, and a dry run changes nothing', async ({ t, session, here, there }) => {
  await makeTree(join(here, 'from'), { 'tree/small': 'x'.repeat(1000), 'tree/large': randomBytes(9_000_000) });
  await push(session, { sources: [join(here, 'from/tree')], destination: there });
  const request = { sources: [`${there}/tree`], destination: `${here}/to/` };
  const dry = await pull(session, { ...request, options: { dryRun: true } });
  t.deepEqual([dry.files, dry.bytes], [2, 9_001_000]);
  t.deepEqual(await readdir(here), ['from']);
  const events: ProgressEvent[] = [];
  await pull(session, request, { onProgress: event => events.push(event) });
  t.deepEqual(events[0], { kind: 'started', task: 'pull', unit: 'bytes', total: 9_001_000 });
  t.deepEqual(events.at(-1), { kind: 'finished', task: 'pull', unit: 'bytes', done: 9_001_000 });
});
