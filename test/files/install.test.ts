import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { inDependencyOrder, installPackages } from '../../src/files/install.js';
import { uninstallPackages } from '../../src/files/uninstall.js';
import type { SshSession } from '../../src/ssh/session.js';
import type { Faults } from '../../src/virtual-board/faults.js';
import type { ProgressEvent } from '../../src/time/progress.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { boards, type FileBoard } from './boards.js';
import { HELLO_CONTROL, writeDeb } from './deb-fixture.js';
import { fakeSession } from './fake-session.js';
import { boardNames } from './trees.js';

const virtualBoard = boards.find(({ name }) => name === 'the virtual board');
const openssh = boards.find(({ name }) => name === 'OpenSSH');

async function start(t: ExecutionContext, kind: FileBoard | undefined): Promise<SshSession> {
  if (!kind) throw new Error('there is no such board');
  return (await kind.start(t)).open();
}

function control(name: string, fields: Record<string, string> = {}): string {
  const all = { Package: name, Version: '1.0', Architecture: 'all', Description: 'for tests', ...fields };
  return Object.entries(all)
    .map(([field, value]) => `${field}: ${value}\n`)
    .join('');
}

async function statusOf(session: SshSession, name: string): Promise<string> {
  return (await session.run(`dpkg-query -W -f '\${Version}' ${name}`)).stdout.toString();
}

test('packages are installed, whatever their files are called, what others need first, and removed again', async t => {
  const session = await start(t, virtualBoard);
  const folder = await tempDir(t);
  const files = ["needs it's.deb", '-needed.deb', '$(reboot);`id`.deb'].map(name => join(folder, name));
  await writeDeb(files[0] ?? '', { control: control('app', { Depends: 'lib-app (>= 1), data-app | libnone' }) });
  await writeDeb(files[1] ?? '', { control: control('lib-app', { Version: '2:1.5-1', Architecture: 'arm64' }) });
  await writeDeb(files[2] ?? '', { control: control('data-app') });
  const events: ProgressEvent[] = [];
  const result = await installPackages(session, files, { onProgress: event => events.push(event) });
  t.deepEqual(
    result.packages.map(({ packageName }) => packageName),
    ['lib-app', 'data-app', 'app'],
  );
  t.is(result.installer, 'apt-get');
  t.is(await statusOf(session, 'app'), '1.0');
  t.is(await statusOf(session, 'lib-app'), '2:1.5-1');
  t.true(events.some(event => event.kind === 'message' && event.task === 'install'));
  t.deepEqual(events.at(-1), { kind: 'finished', task: 'install', unit: 'steps', done: 3 });
  t.deepEqual(await boardNames(session, '/tmp'), []);
  await uninstallPackages(session, ['app', 'data-app']);
  t.is(await statusOf(session, 'app'), '');
  t.is(await statusOf(session, 'lib-app'), '2:1.5-1');
});

test('a wrong architecture, or a file that is no package, is refused before anything is sent', async t => {
  const session = await start(t, virtualBoard);
  const folder = await tempDir(t);
  await writeDeb(join(folder, 'good.deb'), { control: HELLO_CONTROL });
  await writeDeb(join(folder, 'amd64.deb'), { control: control('other', { Architecture: 'amd64' }) });
  await writeFile(join(folder, 'no.deb'), 'no package');
  const install = (...names: string[]): Promise<unknown> =>
    installPackages(
      session,
      names.map(name => join(folder, name)),
    );
  await t.throwsAsync(install('good.deb', 'amd64.deb'), {
    code: 'BOARD_REFUSED',
    message: /other is built for amd64, and the board is arm64/,
  });
  await t.throwsAsync(install('good.deb', 'no.deb'), { code: 'FILE', message: /no\.deb is not a Debian package/ });
  await t.throwsAsync(install('good.deb', 'absent.deb'), { code: 'FILE', message: /absent\.deb/ });
  await t.throwsAsync(install(), { code: 'USAGE' });
  t.is(await statusOf(session, 'hello-coral'), '');
  t.deepEqual(await boardNames(session, '/tmp'), []);
});

test('what the board refuses is told with its last lines, and the folder goes', async t => {
  const session = await start(t, virtualBoard);
  const folder = await tempDir(t);
  await writeDeb(join(folder, 'a.deb'), { control: control('app', { Depends: 'nowhere-to-be-found' }) });
  const error = await t.throwsAsync(installPackages(session, [join(folder, 'a.deb')]), {
    code: 'BOARD_REFUSED',
    message: /The board did not install app 1\.0: app : Depends: nowhere-to-be-found but /,
  });
  const { facts, hint } = error as unknown as { facts: Record<string, unknown>; hint: string };
  t.regex(String(facts['output']), /nowhere-to-be-found/);
  t.regex(hint, /internet/);
  t.deepEqual(await boardNames(session, '/tmp'), []);
  await t.throwsAsync(uninstallPackages(session, ['nowhere-to-be-found']), { code: 'BOARD_REFUSED' });
});

/** Where the package files of a test lie, by their versions. */
async function versions(t: ExecutionContext, ...all: string[]): Promise<string[]> {
  const folder = await tempDir(t);
  return Promise.all(
    all.map(async version => {
      const path = join(folder, `demo_${version}.deb`);
      await writeDeb(path, { control: control('demo', { Version: version }) });
      return path;
    }),
  );
}

/** Names in the folders that an installation uses, and in the home. */
async function traces(session: SshSession): Promise<string[]> {
  return [...(await boardNames(session, '/tmp')), ...(await boardNames(session, '/home/mendel'))];
}

test('exactly the version of the file is installed, an earlier one only if that is allowed', async t => {
  const session = await start(t, virtualBoard);
  const [later = '', earlier = ''] = await versions(t, '1.0', '0.9');
  await installPackages(session, [later]);
  const before = await traces(session);
  await t.throwsAsync(installPackages(session, [earlier]), {
    code: 'BOARD_REFUSED',
    message: 'The board has demo 1.0, which is later than 0.9. Nothing was changed.',
  });
  await t.throwsAsync(installPackages(session, [earlier], { allowDowngrade: () => Promise.resolve(false) }), {
    code: 'BOARD_REFUSED',
  });
  t.is(await statusOf(session, 'demo'), '1.0');
  t.deepEqual(await traces(session), before);
  const asked: unknown[] = [];
  const allowDowngrade = (list: readonly unknown[]): Promise<boolean> => Promise.resolve(asked.push(...list) > 0);
  await installPackages(session, [earlier], { allowDowngrade });
  t.deepEqual(asked, [{ packageName: 'demo', version: '0.9', installedVersion: '1.0' }]);
  t.is(await statusOf(session, 'demo'), '0.9');
});

test('an installation that ends well and installed something else is an error', async t => {
  const [file = ''] = await versions(t, '0.9');
  const session = await start(t, virtualBoard);
  const lying: SshSession = new Proxy(session, {
    get: (target, property) => {
      if (property === 'exec')
        return (command: string) => target.exec(command.replace(/sudo -n [^']*apt-get [^']*/, 'true'));
      const value: unknown = Reflect.get(target, property);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  await t.throwsAsync(installPackages(lying, [file]), {
    code: 'BOARD_REFUSED',
    message: 'The board did not install demo 0.9: it has nothing of it.',
  });
  await installPackages(session, [file]);
  await t.throwsAsync(uninstallPackages(lying, ['demo']), {
    message: 'The board did not remove demo: it is still installed.',
  });
});

const troubles: readonly (readonly [string, Faults, RegExp, RegExp])[] = [
  ['a sudo that asks for a password', { sudoPassword: true }, /sudo asks for a password/, /visudo/],
  [
    'an interrupted dpkg',
    { packages: 'interrupted' },
    /an earlier installation was interrupted/,
    /dpkg --configure -a/,
  ],
  ['a read-only /tmp', { readOnlyFolder: '/tmp' }, /its file system is read-only/, /remount,rw/],
  ['a full disk', { diskSizeBytes: 1 }, /There is no space on the board|its disk is full/, /[Mm]ake room/],
];

for (const [trouble, faults, message, hint] of troubles) {
  test(`${trouble} is named with its remedy, and nothing is left behind`, async t => {
    const board = await virtualBoard?.start(t);
    const session = await board?.open();
    if (!board || !session) throw new Error('there is no such board');
    const [file = ''] = await versions(t, '1.0');
    const before = await traces(session);
    board.setFaults?.(faults);
    const error = await t.throwsAsync(installPackages(session, [file]), { message });
    t.regex(String(Reflect.get(error, 'hint')), hint);
    board.setFaults?.({});
    t.deepEqual(await traces(session), before);
  });
}

test('another program that holds the lock is waited for, then named', async t => {
  const board = await virtualBoard?.start(t);
  const session = await board?.open();
  if (!board || !session) throw new Error('there is no such board');
  const [file = ''] = await versions(t, '1.0');
  board.setFaults?.({ packages: 'locked' });
  await t.throwsAsync(installPackages(session, [file], { waitMs: 1 }), {
    code: 'TIMEOUT',
    message: /waiting for unattended-upgr \(process 812\), which holds the lock/,
  });
  await installPackages(session, [file], {
    onProgress: event => {
      if (event.kind === 'message' && event.text.startsWith('Waiting for unattended-upgr')) board.setFaults?.({});
    },
  });
  t.is(await statusOf(session, 'demo'), '1.0');
  board.setFaults?.({ packages: 'locked' });
  await t.throwsAsync(uninstallPackages(session, ['demo'], { waitMs: 1 }), { code: 'TIMEOUT' });
});

test('names that are none of a package never reach the board', async t => {
  const session = fakeSession(() => {
    t.fail('the board was asked');
    return {};
  });
  for (const name of ['', 'a b', 'x;reboot', '$(id)', './file.deb', '-y', 'Foo', 'a\nb']) {
    await t.throwsAsync(uninstallPackages(session, [name]), { code: 'USAGE' }, name);
  }
  await t.throwsAsync(uninstallPackages(session, []), { code: 'USAGE' });
});

test('an interruption takes the folder away too', async t => {
  const session = await start(t, virtualBoard);
  const folder = await tempDir(t);
  await writeDeb(join(folder, 'a.deb'), { control: HELLO_CONTROL });
  const controller = new AbortController();
  const installing = installPackages(session, [join(folder, 'a.deb')], {
    signal: controller.signal,
    onProgress: event => {
      if (event.kind === 'message') controller.abort();
    },
  });
  await t.throwsAsync(installing, { code: 'ABORTED' });
  t.deepEqual(await boardNames(session, '/tmp'), []);
});

test('a board without dpkg is told as that', async t => {
  const folder = await tempDir(t);
  await writeDeb(join(folder, 'a.deb'), { control: HELLO_CONTROL });
  const session = fakeSession(() => ({ stdout: Buffer.from('none\n') }));
  await t.throwsAsync(installPackages(session, [join(folder, 'a.deb')]), {
    code: 'BOARD_REFUSED',
    message: /has no dpkg/,
  });
});

const hasDpkg = openssh?.missing === undefined && spawnSync('dpkg-deb', ['--version']).status === 0;

for (const compression of ['xz', 'zst'] as const) {
  (hasDpkg ? test.serial : test.serial.skip)(
    `a package whose control file is compressed with ${compression} is read by the board, which keeps nothing of it (needs sshd and dpkg-deb)`,
    async t => {
      const session = await start(t, openssh);
      const folder = await tempDir(t);
      await mkdir(join(folder, 'tree', 'DEBIAN'), { recursive: true });
      await writeFile(
        join(folder, 'tree', 'DEBIAN', 'control'),
        `${control('other', { Architecture: 'm68k' })}Maintainer: x\n`,
      );
      const [foreign, broken, cut] = ['x.deb', 'bad.deb', 'cut.deb'].map(name => join(folder, name)) as [
        string,
        string,
        string,
      ];
      const words = ['--uniform-compression', `-Z${compression === 'zst' ? 'zstd' : compression}`];
      execFileSync('dpkg-deb', [...words, '--build', join(folder, 'tree'), foreign]);
      await t.throwsAsync(installPackages(session, [foreign]), {
        code: 'BOARD_REFUSED',
        message: /^other is built for m68k, and the board is /,
      });
      await writeDeb(broken, { control: HELLO_CONTROL, compression });
      const error = await t.throwsAsync(installPackages(session, [broken]), {
        code: 'BOARD_REFUSED',
        message: /^The board cannot read .*bad\.deb: [^.]/,
      });
      t.like(error, { hint: 'Check that the file is complete and undamaged.' });
      await writeFile(cut, (await readFile(foreign)).subarray(0, 150));
      await t.throwsAsync(installPackages(session, [cut]), { code: 'FILE', message: /cut off/ });
      t.deepEqual(
        (await readdir('/tmp')).filter(name => name.startsWith('mdt-control.')),
        [],
      );
    },
  );
}

test('a compression that the board does not know is told with what to do', async t => {
  const folder = await tempDir(t);
  await writeDeb(join(folder, 'a.deb'), { control: HELLO_CONTROL, compression: 'zst' });
  const said = "dpkg-deb: error: archive 'x' uses unknown compression for member 'control.tar.zst', giving up\n";
  const facts = Buffer.from('dpkg\narm64\n');
  const session = fakeSession(command => {
    if (command.includes('mdt-control')) return { exit: { kind: 'exit', code: 2 }, stderr: said };
    return { stdout: command.includes('sudo -n true') ? Buffer.from('own\n') : facts };
  });
  const error = await t.throwsAsync(installPackages(session, [join(folder, 'a.deb')]), { code: 'BOARD_REFUSED' });
  t.regex(error.message, /unknown compression/);
  t.like(error, { hint: 'Build the package with `dpkg-deb -Zgzip`.' });
});

test('packages are ordered by what they need of each other, also in circles', t => {
  const make = (packageName: string, ...dependencies: string[]): Parameters<typeof inDependencyOrder>[0][number] => ({
    packageName,
    version: '1',
    architecture: 'all',
    dependencies,
  });
  const order = (...packages: ReturnType<typeof make>[]): string[] =>
    inDependencyOrder(packages).map(({ packageName }) => packageName);
  t.deepEqual(order(make('a', 'b (>= 2)'), make('b', 'c'), make('c')), ['c', 'b', 'a']);
  t.deepEqual(order(make('b'), make('a')), ['b', 'a']);
  t.deepEqual(order(make('a', 'b'), make('b', 'a')), ['b', 'a']);
  t.deepEqual(order(make('a', 'x | b:any'), make('b')), ['b', 'a']);
});
