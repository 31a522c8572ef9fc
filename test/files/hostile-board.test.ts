import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { pull } from '../../src/files/pull.js';
import { push } from '../../src/files/push.js';
import { encodeTarHeader, TAR_END, tarPadding, type TarEntry } from '../../src/files/tar.js';
import type { SshSession } from '../../src/ssh/session.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { fakeSession } from './fake-session.js';
import { makeTree } from './trees.js';

interface Listed {
  readonly kind?: string;
  readonly size?: string;
  readonly path: string;
  readonly below: string;
}

function record({ kind = 'f', size = '5', path, below }: Listed): string {
  return [kind, size, '644', '1600000000.0000000000', '1', path, '', below].map(field => `${field}\0`).join('');
}

function listing(...items: readonly Listed[]): Buffer {
  return Buffer.from(`mdt-list-1\0${items.map(record).join('')}`);
}

function archive(...entries: readonly (Partial<TarEntry> & { name: string; content?: string })[]): Buffer {
  const parts = entries.flatMap(({ content = '', ...entry }) => {
    const header = encodeTarHeader({
      kind: 'file',
      sizeBytes: content.length,
      mode: 0o644,
      modifiedAtS: 1,
      linkTarget: '',
      ...entry,
    });
    return [header, Buffer.from(content), Buffer.alloc(tarPadding(content.length))];
  });
  return Buffer.concat([...parts, TAR_END]);
}

function board(listed: Buffer, sent: Buffer): SshSession {
  return fakeSession(command => ({ stdout: command.includes('mdt-list-1') ? listed : sent }));
}

async function pullFrom(t: ExecutionContext, session: SshSession): Promise<{ error: unknown; left: string[] }> {
  const folder = await tempDir(t);
  const to = join(folder, 'to', '/');
  await makeTree(folder, { 'to/': '' });
  let error: unknown;
  try {
    await pull(session, { sources: ['/home/mendel/d'], destination: to, options: { stallTimeoutMs: 20_000 } });
  } catch (thrown) {
    error = thrown;
  }
  t.deepEqual(await readdir(folder), ['to']);
  return { error, left: (await readdir(to, { recursive: true })).sort() };
}

const FOLDER = { kind: 'd', path: '/home/mendel/d', below: '' } as const;
const FILE = { path: '/home/mendel/d/x', below: 'x' } as const;

test('an honest board is believed', async t => {
  const { error, left } = await pullFrom(
    t,
    board(listing(FOLDER, FILE), archive({ name: './home/mendel/d/x', content: 'hello' })),
  );
  t.is(error, undefined);
  t.deepEqual(left, ['d', join('d', 'x')]);
});

test('a listing that names something outside of what was asked for is refused', async t => {
  for (const path of ['/home/mendel/d/../../x', '/home/mendel/d//x', '/home/mendel/d/./x', '/home/mendel/d/x/..']) {
    const lie = { path, below: path.slice('/home/mendel/d/'.length) };
    const { error, left } = await pullFrom(t, board(listing(FOLDER, lie), archive()));
    t.is((error as { code?: string }).code, 'PROTOCOL', path);
    t.deepEqual(left, []);
  }
  const other = await pullFrom(t, board(listing({ path: '/etc/passwd', below: '' }), archive()));
  t.regex((other.error as Error).message, /is not on the board/);
});

test('an archive that holds what was not asked for is refused, whatever it is', async t => {
  const lies: readonly (Partial<TarEntry> & { name: string; content?: string })[] = [
    { name: './home/mendel/d/../../../../x', content: 'hello' },
    { name: '/etc/cron.d/x', content: 'hello' },
    { name: './home/mendel/d/y', content: 'hello' },
    { name: './home/mendel/d/x', kind: 'symlink', linkTarget: '/etc/passwd' },
    { name: './home/mendel/d/x', kind: 'directory' },
  ];
  for (const lie of lies) {
    const { error, left } = await pullFrom(t, board(listing(FOLDER, FILE), archive(lie)));
    t.is((error as { code?: string }).code, 'PROTOCOL', lie.name);
    t.deepEqual(left, ['d']);
  }
  const twice = { name: './home/mendel/d/x', content: 'hello' };
  const { error } = await pullFrom(t, board(listing(FOLDER, FILE), archive(twice, twice)));
  t.is((error as { code?: string }).code, 'PROTOCOL');
});

test('a file that comes shorter than listed, or not at all, is asked for again; of a longer one the listed part is taken', async t => {
  const short = await pullFrom(t, board(listing(FOLDER, FILE), archive({ name: './home/mendel/d/x', content: 'hi' })));
  t.regex((short.error as Error).message, /broke off in the middle of a file/);
  t.deepEqual(short.left, ['d']);
  const missing = await pullFrom(t, board(listing(FOLDER, FILE), archive()));
  t.regex((missing.error as Error).message, /broke off in the middle of a file/);
  const longer = archive({ name: './home/mendel/d/x', content: 'hello and more' });
  t.is((await pullFrom(t, board(listing(FOLDER, FILE), longer))).error, undefined);
  const endless = encodeTarHeader({
    kind: 'file',
    name: './home/mendel/d/x',
    sizeBytes: 2 ** 40,
    mode: 0o644,
    modifiedAtS: 1,
    linkTarget: '',
  });
  t.regex(((await pullFrom(t, board(listing(FOLDER, FILE), endless))).error as Error).message, /grows on the board/);
});

test('sizes, modes and times that are no numbers, and broken listings, are refused', async t => {
  for (const size of ['-1', 'x', '1e99']) {
    const { error } = await pullFrom(t, board(listing(FOLDER, { ...FILE, size }), archive()));
    t.is((error as { code?: string }).code, 'PROTOCOL', size);
  }
  const cut = listing(FOLDER, FILE).subarray(0, -4);
  t.is(((await pullFrom(t, board(cut, archive()))).error as { code?: string }).code, 'PROTOCOL');
});

test('whatever a board says, a pull ends in an error of mdt or inside its folder', async t => {
  const honest = archive({ name: './home/mendel/d/x', content: 'hello' });
  await fc.assert(
    fc.asyncProperty(fc.nat(honest.length - 1), fc.nat(255), async (at, value) => {
      const damaged = Buffer.from(honest);
      damaged[at] = value;
      const { error, left } = await pullFrom(t, board(listing(FOLDER, FILE), damaged));
      if (error !== undefined) t.is(typeof (error as { exitCode?: number }).exitCode, 'number');
      for (const name of left) t.true(['d', join('d', 'x')].includes(name), name);
    }),
    { numRuns: 60 },
  );
});

test('what a board says on a refusal reaches the message without control characters', async t => {
  const folder = await tempDir(t);
  await makeTree(folder, { file: 'x' });
  const survey = Buffer.from('mdt-push-survey-1\0folder\0\u001b[31mnonsense\u0007\0');
  const session = fakeSession(() => ({ stdout: survey }));
  const error = await t.throwsAsync(push(session, { sources: [join(folder, 'file')], destination: '/home/mendel/' }));
  t.notRegex(error.message, /\p{Cc}/u);
});
