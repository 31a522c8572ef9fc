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
  // Its native part is found beside it, and few commands need it.
  external: ['serialport'],
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  legalComments: 'none',
  // CommonJS packages may ask for their folder.
  define: { MDT_VERSION: JSON.stringify(version), __dirname: 'import.meta.dirname' },
  // CommonJS packages inside an ES module bundle call require() for Node's own modules.
  banner: { js: "import{createRequire as mdtRequire}from'node:module';const require=mdtRequire(import.meta.url);" },
};

/**
 * Parts of ssh2 that mdt never enters, each of which would cost every command milliseconds: key agents (which load
 * child processes and more), keys with passphrases, and a native addon that looks at the processor to choose ciphers,
 * which src/ssh/algorithms.ts does itself.
 */
const unusedParts = {
  './agent.js': 'exports.isAgent = () => false;',
  'bcrypt-pbkdf': '',
  'cpu-features': 'module.exports = () => undefined;',
};

const withoutUnusedParts = {
  name: 'without-unused-parts',
  setup(bundler) {
    bundler.onResolve({ filter: /^(\.\/agent\.js|bcrypt-pbkdf|cpu-features)$/ }, ({ path, importer }) =>
      /[\\/]node_modules[\\/]ssh2[\\/]/.test(importer) ? { path, namespace: 'unused' } : undefined,
    );
    bundler.onLoad({ filter: /.*/, namespace: 'unused' }, ({ path }) => ({
      contents: unusedParts[path],
      loader: 'js',
    }));
  },
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

/** What takes a millisecond or more to open, beside the packages. */
const COSTLY_BUILTINS = /^node:(http|zlib|dgram|child_process)$/;
/** Opening a file takes about as long as parsing this much. */
const SMALL_BYTES = 64 * 1024;

const plugins = [nativeAddons, withoutUnusedParts];

/**
 * Bundles twice. A file for each `await import()` of ours made some 30 files to open for each command. So the first
 * round tells which of these are large or bring something costly along; only they get files of their own, and the
 * others go into the file of whoever asks for them, still evaluated only then.
 * Returns esbuild's metafile; `write: false` leaves dist/ alone.
 */
export async function bundle({ write = true } = {}) {
  const { metafile } = await build({ ...options, write: false, plugins });
  const apart = costlyEntries(metafile.outputs);
  return (await build({ ...options, write, plugins: [...plugins, withoutFilesFor(apart)] })).metafile;
}

/** Packages in the file `name` and in all it loads with it, before any `await import()` runs. */
export function packagesLoadedWith(outputs, name) {
  return packagesIn(outputs, [...filesLoadedWith(outputs, name)]);
}

function packagesIn(outputs, files) {
  const inputs = files.flatMap(file => Object.keys(outputs[file].inputs));
  return new Set(inputs.flatMap(input => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []));
}

function filesLoadedWith(outputs, name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const { path } of importsOf(outputs, name, false)) filesLoadedWith(outputs, path, seen);
  return seen;
}

function importsOf(outputs, name, isExternal) {
  return outputs[name].imports.filter(
    ({ kind, external = false }) => kind === 'import-statement' && external === isExternal,
  );
}

/** Sources that are loaded late for good reason, as absolute paths. */
function costlyEntries(outputs) {
  const entries = Object.entries(outputs).flatMap(([name, { entryPoint }]) =>
    entryPoint?.startsWith('src/') ? [{ name, source: entryPoint }] : [],
  );
  const program = entries.find(({ source }) => source === 'src/cli/program.ts');
  const present = filesLoadedWith(outputs, program.name);
  const isCostly = name => {
    const files = [...filesLoadedWith(outputs, name)].filter(file => !present.has(file));
    const builtins = files.flatMap(file => importsOf(outputs, file, true));
    const sizeBytes = files.reduce((sum, file) => sum + outputs[file].bytes, 0);
    return (
      name === program.name ||
      packagesIn(outputs, files).size > 0 ||
      builtins.some(({ path }) => COSTLY_BUILTINS.test(path)) ||
      sizeBytes > SMALL_BYTES
    );
  };
  return new Set(entries.filter(({ name }) => isCostly(name)).map(({ source }) => join(root, source)));
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
