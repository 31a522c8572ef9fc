import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import type { Metafile } from 'esbuild';

interface Bundler {
  bundle(options: { write: boolean }): Promise<Metafile>;
  packagesLoadedWith(outputs: Metafile['outputs'], name: string): Set<string>;
}

const bundler = (await import(pathToFileURL(join(process.cwd(), 'scripts', 'bundle.js')).href)) as Bundler;
const { outputs } = await bundler.bundle({ write: false });

/** Packages that are loaded together with the file that `source` went into. */
function packagesWith(source: string): string[] {
  const found = Object.entries(outputs).find(([, output]) => Object.hasOwn(output.inputs, source));
  if (!found) throw new Error(`${source} is in no file of the bundle.`);
  return [...bundler.packagesLoadedWith(outputs, found[0])].sort();
}

test('the command tree loads commander and no other package', t => {
  t.deepEqual(packagesWith('src/cli/main.ts'), ['commander']);
});

test('the jobs bring heavy packages along only where they use them', t => {
  const heavy = ['ssh2', 'node-forge', 'inquirer', 'mdns-js', 'tar-stream', 'dns-packet'];
  for (const source of ['src/pairing/contact.ts', 'src/files/push.ts', 'src/keys/known-boards.ts']) {
    t.deepEqual(
      heavy.filter(name => packagesWith(source).includes(name)),
      [],
      source,
    );
  }
  t.true(packagesWith('src/ssh/handshake.ts').includes('ssh2'));
  t.false(packagesWith('src/ssh/handshake.ts').includes('node-forge'));
});
