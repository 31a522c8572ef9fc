import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { pull } from '../../src/files/pull.js';
import { GrowingFile } from '../../src/files/local-write.js';
import { isUnfinished, partNames } from '../../src/files/part-name.js';
import { LARGE_FILE_BYTES, type TransferOptions, type TransferSummary } from '../../src/files/transfer.js';
import { encodeTarHeader, TAR_END, tarPadding } from '../../src/files/tar.js';
import type { SshSession } from '../../src/ssh/session.js';
import { scriptText } from '../fakes/remote-script.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { fakeSession } from './fake-session.js';

function withSymlinks(title: string, check: (t: ExecutionContext) => Promise<void>): void {
  if (process.platform === 'win32') test.skip(`${title} (skipped: Windows lets only some users make symlinks)`, check);
  else test(title, check);
}

const MODIFIED_AT_S = 1_600_000_000;
/** The board's folder that every test pulls. */
const ROOT = '/home/mendel/d';

/** Kind as `find` writes it, path below ROOT, target of a symlink. */
type Forged = readonly [kind: 'd' | 'f' | 'l', below: string, linkTarget?: string, sizeBytes?: number];

function scriptBoard(entries: readonly Forged[], answer?: (script: string) => Buffer | undefined): SshSession {
  const records = entries.map(([kind, below, linkTarget = '', sizeBytes = 5]) => {
    const path = below === '' ? ROOT : `${ROOT}/${below}`;
    return [kind, String(sizeBytes), '644', `${String(MODIFIED_AT_S)}.0`, '1', path, linkTarget, below]
      .map(field => `${field}\0`)
      .join('');
  });
  const listing = Buffer.from(`mdt-list-1\0${records.join('')}`);
  return fakeSession(command => {
    const script = scriptText(command);
    if (script.includes('mdt-list-1')) return { stdout: listing };
    const stdout = answer?.(script);
    if (stdout === undefined) throw new Error('nothing should have been fetched');
    return { stdout };
  });
}

/** A folder with files of one content; `lies` are what is read of each file that is large, instead, in turn. */
function fileBoard(names: readonly string[], content: Buffer, lies: readonly Buffer[] = []): SshSession {
  const told = [...lies];
  const archive = names
    .filter(name => !isUnfinished(name))
    .flatMap(name => {
      const path = `.${ROOT}/${name}`;
      const sizeBytes = content.length;
      const entry = { kind: 'file', name: path, sizeBytes, mode: 0o644, modifiedAtS: 1, linkTarget: '' } as const;
      return [encodeTarHeader(entry), content, Buffer.alloc(tarPadding(sizeBytes))];
    });
  const entries = names.map(name => ['f', name, '', content.length] as const);
  return scriptBoard([['d', ''], ...entries], script => {
    if (script.includes('tar -chf - --format=gnu')) return Buffer.concat([...archive, TAR_END]);
    if (script.includes('printf "%f')) return Buffer.from(names.map(name => `${name}\0`).join(''));
    const [, first, second] = /^set -- \S+ (\d+)$|^set -- (?:\S+ )?(\d+)/m.exec(script) ?? [];
    const number = Number(first ?? second);
    if (script.includes('sha256sum')) return sumOf((told.shift() ?? content).subarray(0, number));
    return Buffer.concat([Buffer.from('plain\n'), (told.shift() ?? content).subarray(number - 1)]);
  });
}

function sumOf(bytes: Buffer): Buffer {
  return Buffer.from(`${createHash('sha256').update(bytes).digest('hex')}  -\n`);
}

interface Ground {
  /** A folder that nothing may reach. */
  readonly outside: string;
  readonly to: string;
  readonly get: (session: SshSession, options?: TransferOptions) => Promise<TransferSummary>;
}

async function ground(t: ExecutionContext): Promise<Ground> {
  const folder = await tempDir(t);
  const [outside, to] = [join(folder, 'outside'), join(folder, 'to')];
  await mkdir(outside);
  await mkdir(to);
  return {
    outside,
    to,
    get: (session, options = {}) => pull(session, { sources: [ROOT], destination: to, options }),
  };
}

withSymlinks(
  'a file that is listed below a symlink of the same listing is refused before anything is made',
  async t => {
    const { outside, to, get } = await ground(t);
    const listing = scriptBoard([
      ['d', ''],
      ['l', 'a', outside],
      ['f', 'a/authorized_keys'],
    ]);
    for (const symlinks of ['preserve', 'follow', 'skip'] as const) {
      await t.throwsAsync(get(listing, { symlinks }), { code: 'PROTOCOL', message: /without its folder/ });
    }
    t.deepEqual([await readdir(outside), await readdir(to)], [[], []]);
  },
);

withSymlinks('a file whose folder is not listed is not put through a symlink that is here already', async t => {
  const { outside, to, get } = await ground(t);
  await mkdir(join(to, 'd'));
  await symlink(outside, join(to, 'd', 'a'));
  const listing = scriptBoard([
    ['d', ''],
    ['f', 'a/authorized_keys'],
  ]);
  await t.throwsAsync(get(listing), { code: 'PROTOCOL' });
  await t.throwsAsync(get(scriptBoard([['f', 'a']])), { code: 'PROTOCOL' });
  t.deepEqual(await readdir(outside), []);
});

test('a pattern cannot be answered with names that are not names', async t => {
  const { to } = await ground(t);
  for (const name of ['a/b', '', '..', '.']) {
    const session = fileBoard([name], Buffer.from('hello'));
    await t.throwsAsync(pull(session, { sources: [`${ROOT}/*`], destination: to }), { code: 'PROTOCOL' }, name);
  }
  t.deepEqual(await readdir(to), []);
});

const large = { sizeBytes: LARGE_FILE_BYTES, modifiedAtS: MODIFIED_AT_S };

withSymlinks('what stands under the name of a part is replaced, never written through', async t => {
  const { outside, to, get } = await ground(t);
  const victim = join(outside, 'victim');
  await writeFile(victim, 'precious');
  await mkdir(join(to, 'd'));
  await symlink(victim, join(to, 'd', partNames('big', large).own));
  const content = Buffer.alloc(LARGE_FILE_BYTES, 'x');
  const board = fileBoard(['big'], content);
  for (const resume of [false, true]) {
    await get(board, { resume });
    t.is(await readFile(victim, 'utf8'), 'precious');
    t.true((await lstat(join(to, 'd', 'big'))).isFile());
    await writeFile(join(to, 'd', 'big'), 'old');
    await symlink(victim, join(to, 'd', partNames('big', large).own));
  }
});

test("a folder under the name of a part is left alone, and in nobody's way", async t => {
  const { to, get } = await ground(t);
  const inTheWay = partNames('big', large).own;
  await mkdir(join(to, 'd', inTheWay), { recursive: true });
  const content = Buffer.alloc(LARGE_FILE_BYTES, 'x');
  await get(fileBoard(['big'], content), { resume: true });
  t.deepEqual(await readdir(join(to, 'd')), [inTheWay, 'big']);
});

withSymlinks('a part is continued only if it is a file itself', async t => {
  const { outside } = await ground(t);
  await writeFile(join(outside, 'victim'), 'precious');
  await symlink('victim', join(outside, 'part'));
  await t.throwsAsync(GrowingFile.open(join(outside, 'part'), 0o600, 3), { code: 'FILE' });
  await t.throwsAsync(GrowingFile.open(join(outside, 'part'), 0o600), { code: 'FILE' });
  t.is(await readFile(join(outside, 'victim'), 'utf8'), 'precious');
});

test('what mdt itself left on the board, unfinished, is left out and told', async t => {
  const { to, get } = await ground(t);
  const part = partNames('big', large).own;
  const names = [part, '.mdt-0123456789abcdef.tmp', 'x', 'x.mdt-part', '.mdt-notes.tmp'];
  const { skipped } = await get(fileBoard(names, Buffer.from('hello')));
  t.deepEqual((await readdir(join(to, 'd'))).sort(), ['.mdt-notes.tmp', 'x', 'x.mdt-part']);
  t.deepEqual(
    skipped.map(({ path, reason }) => `${path} ${reason}`),
    [`${ROOT}/${part} unfinished`, `${ROOT}/.mdt-0123456789abcdef.tmp unfinished`],
  );
});

test('with checksums a file that was continued is compared as a whole', async t => {
  const { to, get } = await ground(t);
  const [content, damaged] = [Buffer.alloc(LARGE_FILE_BYTES, 'x'), Buffer.alloc(LARGE_FILE_BYTES, 'y')];
  const part = join(to, 'd', partNames('big', large).own);
  await mkdir(join(to, 'd'));
  const options = { resume: true, checksum: true };
  await writeFile(part, content.subarray(0, 1000));
  // Opened first to compare the part, then to continue it, then to compare the whole.
  const lying = fileBoard(['big'], content, [content, damaged]);
  await t.throwsAsync(get(lying, options), { code: 'PROTOCOL', message: /differs/ });
  t.deepEqual(await readdir(join(to, 'd')), []);
  await writeFile(part, content.subarray(0, 1000));
  const { resumedBytes } = await get(fileBoard(['big'], content), options);
  t.is(resumedBytes, 1000);
  t.true(content.equals(await readFile(join(to, 'd', 'big'))));
});
