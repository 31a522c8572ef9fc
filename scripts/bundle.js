// What esbuild makes of src/: dist/mdt.js and dist/index.js, and the files they load when they need them.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const options = {
  absWorkingDir: root,
  entryPoints: { mdt: 'src/cli/main.ts', index: 'src/index.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  legalComments: 'none',
  external: ['cpu-features'],
  // ssh2 looks for a program of its own beside itself, on Windows and only for an agent that mdt does not use.
  define: { MDT_VERSION: JSON.stringify(version), __dirname: 'import.meta.dirname' },
  // CommonJS packages inside an ES module bundle call require() for Node's own modules.
  banner: { js: "import{createRequire as mdtRequire}from'node:module';const require=mdtRequire(import.meta.url);" },
};

/** ssh2 finds its native addons by relative paths, which a bundle moves: keep them where npm put them. */
const nativeAddons = {
  name: 'native-addons',
  setup(bundler) {
    bundler.onResolve({ filter: /sshcrypto\.node$/ }, () => ({
      path: 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node',
      external: true,
    }));
  },
};

/**
 * Bundles twice. Opening a file costs more than parsing it, and a file for each `await import()` of ours made some
 * 30 of them per command. So the first round tells which of these bring a package along; only they get files of their
 * own, and the others go into the file of whoever asks for them, still evaluated only then.
 * Returns esbuild's metafile; `write: false` leaves dist/ alone.
 */
export async function bundle({ write = true } = {}) {
  const { metafile } = await build({ ...options, write: false, plugins: [nativeAddons] });
  const apart = entriesWithPackages(metafile.outputs);
  return (await build({ ...options, write, plugins: [nativeAddons, withoutFilesFor(apart)] })).metafile;
}

/** Packages in the file `name` and in all it loads with it, before any `await import()` runs. */
export function packagesLoadedWith(outputs, name, seen = new Set()) {
  if (seen.has(name)) return new Set();
  seen.add(name);
  const own = Object.keys(outputs[name].inputs).flatMap(
    input => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? [],
  );
  const imported = outputs[name].imports
    .filter(({ kind, external }) => kind === 'import-statement' && external !== true)
    .flatMap(({ path }) => [...packagesLoadedWith(outputs, path, seen)]);
  return new Set([...own, ...imported]);
}

/** Sources that are loaded late and bring a package along, as absolute paths. */
function entriesWithPackages(outputs) {
  const late = Object.entries(outputs).filter(([, { entryPoint }]) => entryPoint?.startsWith('src/'));
  return new Set(
    late
      .filter(([name]) => packagesLoadedWith(outputs, name).size > 0)
      .map(([, { entryPoint }]) => join(root, entryPoint)),
  );
}

/** Makes `import('./x.js')` of ours a module of the same file that is evaluated when it is asked for. */
function withoutFilesFor(apart) {
  return {
    name: 'without-files-for-light-modules',
    setup(bundler) {
      bundler.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
        const contents = readFileSync(path, 'utf8').replace(/\bimport\('(\.[^']+)\.js'\)/g, (asWritten, target) =>
          apart.has(join(dirname(path), `${target}.ts`))
            ? asWritten
            : `Promise.resolve().then(() => require('${target}.js'))`,
        );
        return { contents, loader: 'ts' };
      });
    },
  };
}
