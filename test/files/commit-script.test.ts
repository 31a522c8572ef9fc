import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { commitScript } from '../../src/files/commit-script.js';
import type { PlannedEntry } from '../../src/files/push-plan.js';
import { tempDir } from '../fixtures/temp-dir.js';

const hasMv = (spawnSync('mv', ['--version'], { encoding: 'utf8' }).stdout as string | null)?.includes('GNU') ?? false;

function entry(kind: PlannedEntry['kind'], target: string): PlannedEntry {
  const rest = { relative: target, path: target, sizeBytes: 0, mode: 0, modifiedAtS: 0, linkTarget: '' };
  return { kind, target, existing: undefined, ...rest };
}

test('new folders are moved whole, the rest folder by folder', t => {
  const script = commitScript([
    entry('directory', 'new'),
    entry('directory', 'new/sub'),
    entry('file', 'new/sub/x'),
    entry('file', 'old/a'),
    entry('symlink', "old/it's"),
    entry('file', 'top'),
  ]).toString();
  t.is(
    script,
    [
      `mv -fT -- './new' '../../new' || exit 1`,
      `mv -f -t '../../old' -- './old/a' './old/it'\\''s' || exit 1`,
      `mv -f -t '../../' -- './top' || exit 1`,
      '',
    ].join('\n'),
  );
});

test('names that are no text keep their bytes', t => {
  t.true(commitScript([entry('file', 'a\udcff')]).includes(Buffer.from([0x61, 0xff])));
});

test('one command does not grow without bound', t => {
  const many = Array.from({ length: 5000 }, (_, index) => entry('file', `d/${'x'.repeat(40)}${String(index)}`));
  const lines = commitScript(many).toString().split('\n');
  t.true(lines.length > 3);
  for (const line of lines) t.true(line.length < 70_000);
});

(hasMv ? test : test.skip)('the script does what it says (needs GNU mv)', async t => {
  const base = await tempDir(t);
  const names = ['new\nline', "quo'te", '-rf', '$(id)', '*'];
  await mkdir(join(base, 'stage', 't', 'old'), { recursive: true });
  await mkdir(join(base, 'old'));
  for (const name of names) await writeFile(join(base, 'stage', 't', 'old', name), name);
  await writeFile(join(base, 'old', '-rf'), 'older');
  const input = commitScript(names.map(name => entry('file', `old/${name}`)));
  execFileSync('sh', ['-s'], { cwd: join(base, 'stage', 't'), input });
  t.deepEqual((await readdir(join(base, 'old'))).sort(), [...names].sort());
  t.deepEqual(await readdir(join(base, 'stage', 't', 'old')), []);
});
