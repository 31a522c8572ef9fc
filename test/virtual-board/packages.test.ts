import { readFile, writeFile } from 'node:fs/promises';
import test from 'ava';
import { HELLO_CONTROL, writeDeb } from '../files/deb-fixture.js';
import { shellOnBoard, type ShellOnBoard } from './shell-on-board.js';

const control = (fields: Record<string, string>): string => {
  const all = { Package: 'thing', Version: '1.0', Architecture: 'arm64', Description: 'a thing', ...fields };
  return Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
};

async function put(shell: ShellOnBoard, name: string, fields: Record<string, string> = {}): Promise<void> {
  await writeDeb(shell.path(`/tmp/${name}`), { control: control(fields) });
}

test('mdt-install-package installs a package, and dpkg knows it and removes it', async t => {
  const shell = await shellOnBoard(t);
  const { out, run } = shell;
  await writeDeb(shell.path("/tmp/hello it's.deb"), { control: HELLO_CONTROL });
  const installed = await run(`sudo /usr/sbin/mdt-install-package "/tmp/hello it's.deb"`);
  t.is(installed.code, 0, installed.err);
  t.regex(installed.out, /1 newly installed[^]*Unpacking hello-coral \(1:2\.0-1\)[^]*Setting up hello-coral/);
  t.is(await out('cat /usr/share/hello-coral'), 'hello\n');
  t.regex(await out('dpkg -s hello-coral'), /^Package: hello-coral\nStatus: install ok installed\nVersion: 1:2\.0-1\n/);
  t.is(
    await out("dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\\n' hello-coral"),
    'hello-coral 1:2.0-1 installed\n',
  );
  t.is(await out('dpkg -L hello-coral; dpkg --print-architecture'), '/usr/share/hello-coral\narm64\n');
  t.regex(await out('dpkg -l hello-coral'), /ii {2}hello-coral 1:2\.0-1 all a package for tests/);
  t.regex(await out('sudo apt-get remove -y hello-coral'), /1 to remove[^]*Removing hello-coral/);
  t.is((await run('dpkg -s hello-coral')).code, 1);
  t.is((await run('cat /usr/share/hello-coral')).code, 1);
});

test('dpkg and apt-get install a file, and one that is there again', async t => {
  const shell = await shellOnBoard(t);
  await put(shell, 'thing.deb');
  const first = await shell.run('sudo dpkg -i /tmp/thing.deb');
  t.is(first.code, 0, first.err);
  const again = await shell.run('cd /tmp; sudo apt-get install -y --reinstall ./thing.deb');
  t.is(again.code, 0, again.err);
  t.regex((await shell.run('sudo apt-get install -y thing')).out, /thing is already the newest version \(1\.0\)/);
  t.is((await shell.run('sudo apt-get -qq update')).code, 0);
  t.is((await shell.run('dpkg -l | grep -c thing')).out, '1\n');
});

test('only root installs', async t => {
  const shell = await shellOnBoard(t);
  await put(shell, 'thing.deb');
  t.regex((await shell.run('dpkg -i /tmp/thing.deb')).err, /requires superuser privilege/);
  t.regex((await shell.run('apt-get install ./x.deb')).err, /are you root/);
  t.is((await shell.run('mdt-install-package /tmp/thing.deb')).code, 1);
});

test('a package for another processor, and one that needs what is not there, are refused as apt refuses them', async t => {
  const shell = await shellOnBoard(t);
  await put(shell, 'foreign.deb', { Architecture: 'amd64' });
  await put(shell, 'needy.deb', { Depends: 'libc6 (>= 2.14), libmissing1 | libmissing2, python3:any' });
  const foreign = await shell.run('sudo mdt-install-package /tmp/foreign.deb');
  t.is(foreign.code, 100);
  t.regex(foreign.err, /amd64/);
  t.regex(
    (await shell.run('sudo dpkg -i /tmp/foreign.deb')).err,
    /package architecture \(amd64\) does not match system \(arm64\)/,
  );
  const needy = await shell.run('sudo mdt-install-package /tmp/needy.deb');
  t.is(needy.code, 100);
  t.regex(needy.err, /unmet dependencies:\n thing : Depends: libmissing1[^]*held broken packages/);
  const forced = await shell.run('sudo dpkg -i /tmp/needy.deb');
  t.is(forced.code, 1);
  t.regex(forced.err, /Package libmissing1 is not installed[^]*leaving unconfigured/);
  t.regex((await shell.run('dpkg -s thing')).out, /Status: install ok unpacked/);
});

test('packages that need each other are installed together', async t => {
  const shell = await shellOnBoard(t);
  await put(shell, 'a.deb', { Package: 'a', Depends: 'b' });
  await put(shell, 'b.deb', { Package: 'b' });
  const { code, err } = await shell.run('cd /tmp; sudo apt-get install -y ./b.deb ./a.deb');
  t.is(code, 0, err);
});

test('what is no package is told as such', async t => {
  const shell = await shellOnBoard(t);
  await writeFile(shell.path('/tmp/garbage.deb'), 'no package at all');
  await writeFile(shell.path('/tmp/empty.deb'), '!<arch>\n');
  await writeFile(shell.path('/tmp/cut.deb'), `!<arch>\n${'debian-binary'.padEnd(48)}99999999  \`\n2.0\n`);
  await writeDeb(shell.path('/tmp/nameless.deb'), { control: 'Description: nothing\n' });
  await writeDeb(shell.path('/tmp/modern.deb'), { control: control({}), compression: 'zst' });
  const whole = await readFile(shell.path('/tmp/modern.deb'));
  const broken = Buffer.from(whole.toString('latin1').replace('control.tar.zst', 'control.tar.gz '), 'latin1');
  await writeFile(shell.path('/tmp/broken.deb'), broken);
  for (const [name, message] of [
    ['garbage', /not a Debian format archive/],
    ['empty', /not a Debian format archive/],
    ['cut', /not a Debian format archive/],
    ['nameless', /no 'Package' or 'Version' field/],
    ['modern', /reads gzip only/],
    ['broken', /control archive is corrupt/],
    ['missing', /No such file or directory/],
  ] as const) {
    const { code, err } = await shell.run(`sudo dpkg -i /tmp/${name}.deb`);
    t.not(code, 0, name);
    t.regex(err, message, name);
  }
  t.is((await shell.run('sudo apt-get install -y no-such-package')).code, 100);
  t.regex((await shell.run('sudo apt-get remove no-such-package')).err, /Unable to locate package/);
});

test('a full disk leaves a package uninstalled', async t => {
  const shell = await shellOnBoard(t);
  await put(shell, 'thing.deb');
  shell.board.faults = { diskSizeBytes: 1 };
  const { code, err } = await shell.run('sudo dpkg -i /tmp/thing.deb');
  t.not(code, 0);
  t.regex(err, /No space left on device/);
  shell.board.faults = {};
  t.is((await shell.run('dpkg -s thing')).code, 1);
});

test('mdt-install-package takes the highest version that it was ever given, not the file', async t => {
  const shell = await shellOnBoard(t);
  await put(shell, 'new.deb');
  await put(shell, 'old.deb', { Version: '1.0~rc1' });
  t.is((await shell.run('sudo mdt-install-package /tmp/new.deb')).code, 0);
  t.is((await shell.run('sudo mdt-install-package /tmp/old.deb')).code, 0);
  t.is(await shell.out("dpkg-query -W -f '${Version}' thing"), '1.0');
});

test('apt-get installs the version of a file, an earlier one only if that is allowed', async t => {
  const shell = await shellOnBoard(t);
  await put(shell, 'new.deb');
  await put(shell, 'old.deb', { Version: '0.9' });
  t.is((await shell.run('sudo apt-get install -y /tmp/new.deb')).code, 0);
  const refused = await shell.run('sudo apt-get install -y /tmp/old.deb');
  t.is(refused.code, 100);
  t.regex(refused.err, /^E: Packages were downgraded and -y was used without --allow-downgrades\.$/m);
  t.is((await shell.run('sudo apt-get install -y --allow-downgrades /tmp/old.deb')).code, 0);
  t.is(await shell.out("dpkg-query -W -f '${Version}' thing"), '0.9');
});

for (const [low, high] of [
  ['1.0~rc1', '1.0'],
  ['1.0', '1.0-1'],
  ['1.9', '1.10'],
  ['9', '1:0'],
  ['1.0a', '1.0+b'],
  ['1.0-1', '1.0-1.1'],
]) {
  test(`dpkg takes ${String(low)} for earlier than ${String(high)}`, async t => {
    const { run } = await shellOnBoard(t);
    t.is((await run(`dpkg --compare-versions ${String(low)} lt ${String(high)}`)).code, 0);
    t.is((await run(`dpkg --compare-versions ${String(low)} ge ${String(high)}`)).code, 1);
    t.is((await run(`dpkg --compare-versions ${String(low)} eq ${String(low)}`)).code, 0);
  });
}

test('programs of packages end with their own words while another one has the lock, or dpkg was interrupted', async t => {
  const shell = await shellOnBoard(t);
  await put(shell, 'thing.deb');
  shell.board.faults = { packages: 'locked' };
  t.regex((await shell.run('sudo apt-get install -y /tmp/thing.deb')).err, /held by process 812 \(unattended-upgr\)/);
  t.is((await shell.run('sudo dpkg -i /tmp/thing.deb')).code, 2);
  shell.board.faults = { packages: 'interrupted' };
  t.regex((await shell.run('sudo apt-get remove -y thing')).err, /dpkg --configure -a/);
  t.is((await shell.run('sudo dpkg --configure -a; sudo apt-get install -y /tmp/thing.deb')).code, 0);
});

test('where sudo wants a password, nothing runs as root', async t => {
  const shell = await shellOnBoard(t);
  shell.board.faults = { sudoPassword: true };
  const refused = await shell.run('sudo -n true');
  t.is(refused.code, 1);
  t.is(refused.err, 'sudo: a password is required\n');
});

test('a folder can be read-only while the rest is not', async t => {
  const shell = await shellOnBoard(t);
  shell.board.faults = { readOnlyFolder: '/tmp' };
  t.regex((await shell.run('echo x > /tmp/a')).err, /Read-only file system/);
  t.is((await shell.run('echo x > a')).code, 0);
});
