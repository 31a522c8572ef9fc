// Releases as people have them on disk, in archives that the real tools make.
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { MdtError } from '../../src/errors.js';
import { openImageSet, type ImageSet } from '../../src/flash/image-set.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { mustRun } from '../lab/program.js';
import { hasProgram } from '../lab/requirements.js';
import { testRelease, writeFolder } from './release.js';

const NAME = 'enterprise-eagle-20211117215217';

interface Unpacked {
  /** Has the folder of the release in it, and nothing else. */
  readonly folder: string;
  /** The folder of the release. */
  readonly release: string;
}

async function unpackedRelease(t: ExecutionContext): Promise<Unpacked> {
  const folder = await tempDir(t);
  const release = join(folder, NAME);
  await writeFolder(release, testRelease());
  return { folder, release };
}

async function open(t: ExecutionContext, path: string): Promise<ImageSet> {
  const set = await openImageSet({ path });
  t.teardown(() => set[Symbol.asyncDispose]());
  return set;
}

const shell = (folder: string, line: string): Promise<string> => mustRun(['sh', '-ec', line], { cwd: folder });

function withPrograms(programs: readonly string[], title: string, body: (t: ExecutionContext) => Promise<void>): void {
  const absent = programs.filter(program => !hasProgram(program));
  if (absent.length === 0) test(title, body);
  else test.skip(`${title} (needs ${absent.join(', ')})`, body);
}

/** Lines that turn the unpacked release into something that is still a release. */
const ACCEPTED: readonly (readonly [what: string, programs: readonly string[], line: string, path: string])[] = [
  ['a folder that holds one folder', [], 'true', '.'],
  ['two folders deep', [], 'mkdir -p a/b; mv ent* a/b', '.'],
  ['a zip with a stray file beside the folder', ['zip'], 'echo x >README.txt; zip -qr x.zip README.txt ent*', 'x.zip'],
  ['a zip two folders deep', ['zip'], 'mkdir -p a/b; mv ent* a/b; zip -qr x.zip a', 'x.zip'],
  ['a zip with upper-case names', ['zip'], 'cd ent*; mv boot_arm64.img BOOT_ARM64.IMG; zip -qr ../x.zip .', 'x.zip'],
  [
    'a zip of the Finder',
    ['zip'],
    'mkdir -p "__MACOSX/e"; touch ".DS_Store" "__MACOSX/e/._boot_arm64.img"; zip -qr x.zip .DS_Store __MACOSX ent*',
    'x.zip',
  ],
  ['a zip with a link that is not needed', ['zip'], '(cd ent* && ln -s / root); zip -qry x.zip ent*', 'x.zip'],
  ['a zip that bsdtar wrote to a pipe', ['bsdtar'], 'bsdtar --format zip -cf - ent* | cat >x.zip', 'x.zip'],
  ['a zip that 7z made', ['7z'], '7z a -bd x.zip ent*', 'x.zip'],
  ['images that gzip has packed', ['gzip'], 'gzip ent*/rootfs_arm64.img ent*/boot_arm64.img', '.'],
  [
    'a zip with images that gzip has packed',
    ['zip', 'gzip'],
    'gzip ent*/rootfs_arm64.img; zip -qr x.zip ent*',
    'x.zip',
  ],
];

for (const [what, programs, line, path] of ACCEPTED) {
  withPrograms(programs, `a release is found: ${what}`, async t => {
    const { folder, release } = await unpackedRelease(t);
    const expected = await open(t, release);
    const { identity } = expected;
    await expected[Symbol.asyncDispose]();
    await shell(folder, line);
    const found = await open(t, join(folder, path));
    t.is(found.manifest?.id, 'dev-board');
    t.is(found.identity, identity, 'the same images');
  });
}

/** Lines that make something that mdt does not read, and the command that its hint names. */
const TOLD: readonly (readonly [
  what: string,
  programs: readonly string[],
  line: string,
  path: string,
  hint: RegExp,
])[] = [
  ['a .tar.gz', ['tar'], 'tar -czf x.tar.gz ent*', 'x.tar.gz', /`tar -xf .*x\.tar\.gz`/],
  ['a .tar.xz', ['tar', 'xz'], 'tar -cJf x.tar.xz ent*', 'x.tar.xz', /`tar -xf .*x\.tar\.xz`/],
  ['a .7z', ['7z'], '7z a -bd x.7z ent*', 'x.7z', /`7z x .*x\.7z`/],
  ['a zip of method 9', ['7z'], '7z a -bd -mm=Deflate64 x.zip ent*', 'x.zip', /`7z x`/],
  ['an image packed with xz', ['xz'], 'xz ent*/rootfs_arm64.img', '.', /`unxz --keep .*rootfs_arm64\.img\.xz`/],
  ['a zip in a zip', ['zip'], 'zip -qr in.zip ent*; zip -q x.zip in.zip', 'x.zip', /Unpack it/],
  ['a web page', [], "echo '<!DOCTYPE html><p>Sign in' >x.zip", 'x.zip', /save the file itself/],
];

for (const [what, programs, line, path, hint] of TOLD) {
  withPrograms(programs, `what mdt cannot read is named, with what to do: ${what}`, async t => {
    const { folder } = await unpackedRelease(t);
    await shell(folder, line);
    const error = await t.throwsAsync(openImageSet({ path: join(folder, path) }), { instanceOf: MdtError });
    t.regex(error.hint ?? '', hint, error.message);
  });
}

test('several releases in one folder are refused with their names', async t => {
  const { folder } = await unpackedRelease(t);
  await writeFolder(join(folder, 'other'), testRelease());
  const message = new RegExp(`several releases: ${NAME}, other`);
  await t.throwsAsync(openImageSet({ path: folder }), { instanceOf: MdtError, message });
});
