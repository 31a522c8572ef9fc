import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import test from 'ava';
import { UsageError } from '../../src/errors.js';
import { matchesPattern } from '../../src/flash/manifest.js';
import { chooseManifest, loadManifests } from '../../src/flash/manifests.js';
import { readManifest } from '../../src/flash/read-manifest.js';
import { repositoryRoot } from '../lab/namespace.js';

const FOLDER = join(repositoryRoot, 'images');

async function files(): Promise<string[]> {
  return (await readdir(FOLDER)).filter(name => !name.endsWith('.schema.json'));
}

test('every manifest follows the schema, and is called what it says', async t => {
  const schema = JSON.parse(await readFile(join(FOLDER, 'flash-manifest.schema.json'), 'utf8')) as object;
  const validate = new Ajv({ strict: true }).compile(schema);
  for (const name of await files()) {
    const manifest = JSON.parse(await readFile(join(FOLDER, name), 'utf8')) as { id: string };
    t.true(validate(manifest), `${name}: ${JSON.stringify(validate.errors)}`);
    t.is(`${manifest.id}.json`, name);
  }
});

test('there is one for each board and layout', async t => {
  const manifests = await loadManifests();
  t.deepEqual(manifests.map(({ id }) => id).sort(), [
    'dev-board',
    'dev-board-before-home',
    'dev-board-mini',
    'tinker-edge-t',
  ]);
});

test('the releases that are known are recognised by the names of their zips', async t => {
  for (const manifest of await loadManifests()) {
    for (const { zip } of manifest.releases) t.true(matchesPattern(zip, manifest.recognition.names), zip);
  }
});

test('what a manifest lacks or has too much of is a bug that is named', async t => {
  const text = await readFile(join(FOLDER, 'dev-board.json'), 'utf8');
  const broken: [(manifest: Record<string, unknown>) => void, RegExp][] = [
    [m => (m['schemaVersion'] = 2), /schemaVersion/],
    [m => delete m['board'], /board/],
    [m => (m['recognition'] = []), /recognition/],
    [m => (m['files'] = [{ id: 'a', names: ['a'], kinds: ['brick'] }]), /kinds/],
    [m => (m['files'] = 3), /files/],
    [m => (m['steps'] = [{ do: 'format' }]), /do/],
    [m => (m['steps'] = [{ do: 'flash', partition: 'a', file: 'no-such' }]), /no-such/],
    [m => (m['steps'] = [{ do: 'flash', partition: 'a', file: 'boot', unlessKept: 'boot' }]), /unlessKept/],
    [m => (m['partitionTables'] = [{ file: 'a', moreThanBytes: '7' }]), /moreThanBytes/],
    [m => (m['identity'] = { products: [1] }), /products/],
  ];
  for (const [breakIt, message] of broken) {
    const manifest = JSON.parse(text) as Record<string, unknown>;
    breakIt(manifest);
    t.throws(() => readManifest(JSON.stringify(manifest)), { message });
  }
});

const RELEASE = ['u-boot.imx', 'boot_arm64.img', 'rootfs_arm64.img', 'partition-table-8gb.img', 'recovery.img'];

test('a set of images is known by its name, or by what is in it', async t => {
  const manifests = await loadManifests();
  const choose = (name: string, ...names: string[]): string =>
    chooseManifest(manifests, { names: [name], files: new Set(names) }).id;
  t.is(choose('download.zip', ...RELEASE, 'home.img'), 'dev-board');
  t.is(choose('download.zip', ...RELEASE), 'dev-board-before-home');
  t.is(choose('mendel-enterprise-day-13.zip', ...RELEASE), 'dev-board-before-home');
  t.is(choose('Tinker_Edge_T-Mendel-Eagle-V3.0.2.zip', ...RELEASE, 'home.img', 'flash.cmd'), 'tinker-edge-t');
  t.is(choose('folder', ...RELEASE, 'home.img', 'flash.cmd'), 'tinker-edge-t');
  t.is(choose('excelsior-eagle-20201210233645.zip', 'boot_arm64.img', 'rootfs_arm64.img'), 'dev-board-mini');
});

test('what is no set of images is told as what it is', async t => {
  const manifests = await loadManifests();
  const choose =
    (name: string, ...names: string[]) =>
    (): unknown =>
      chooseManifest(manifests, { names: [name], files: new Set(names) });
  t.throws(choose('enterprise-eagle-flashcard-1.zip', 'flashcard_arm64.img'), {
    instanceOf: UsageError,
    message: /flash card for an SD card/,
  });
  t.throws(choose('photos.zip', 'cat.jpg'), { instanceOf: UsageError, message: /no images for a board/ });
  t.throws(choose('enterprise-eagle-1.zip', 'u-boot.imx', 'boot_arm64.img', 'home.img'), {
    instanceOf: UsageError,
    message: /lacks rootfs_arm64.img, without which a Coral Dev Board/,
  });
  t.throws(choose('\u001b[2Jx.zip', 'cat.jpg'), { message: /^\[2Jx\.zip has no images/ });
});
