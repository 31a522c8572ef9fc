// What esbuild makes of src/: dist/mdt.cjs, which starts the command; dist/index.js and the subpaths of the library; and the
// files that all of them load when they need them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The library and its subpaths, by the name of their file in dist/. */
const libraries = {
  index: 'src/index.ts',
  fastboot: 'src/fastboot/index.ts',
  tflite: 'src/tflite/index.ts',
  'virtual-board': 'src/virtual-board/index.ts',
};

const options = {
  absWorkingDir: root,
  outdir: 'dist',
  bundle: true,
  // Their native parts are found beside them, and few commands need them.
  external: ['serialport', 'usb'],
  platform: 'node',
  target: 'node20.19',
  legalComments: 'none',
  write: false,
  define: { MDT_VERSION: JSON.stringify(version), MDT_IMAGES: JSON.stringify('../images/') },
};

/**
 * Parts of packages that mdt never enters, each of which would cost every command milliseconds. Of ssh2: key agents
 * (which load child processes and more), keys with passphrases, looking up names, and a native addon that looks at the
 * processor to choose ciphers, which src/ssh/algorithms.ts does itself. Of commander: commands that are programs.
 */
const unusedParts = {
  ssh2: {
    './agent.js': 'exports.isAgent = () => false;',
    'bcrypt-pbkdf': '',
    'cpu-features': 'module.exports = () => undefined;',
    dns: '',
  },
  commander: { 'node:child_process': '' },
};

const withoutUnusedParts = {
  name: 'without-unused-parts',
  setup(bundler) {
    bundler.onResolve({ filter: /^(\.\/agent\.js|bcrypt-pbkdf|cpu-features|dns|node:child_process)$/ }, call => {
      const [, owner] = /[\\/]node_modules[\\/](ssh2|commander)[\\/]/.exec(call.importer) ?? [];
      const contents = owner === undefined ? undefined : unusedParts[owner][call.path];
      return contents === undefined ? undefined : { path: call.path, namespace: 'unused', pluginData: contents };
    });
    bundler.onLoad({ filter: /.*/, namespace: 'unused' }, ({ pluginData }) => ({ contents: pluginData, loader: 'js' }));
  },
};

/** ssh2 signs something with Ed25519 at its start to see whether Node can; those that mdt runs on can. */
const withoutTrials = {
  name: 'without-trials',
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/]ssh2[\\/]lib[\\/]protocol[\\/]constants\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(/(const eddsaSupported = )\(\(\) => \{.*?\n\}\)\(\);/s, '$1true;'),
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

/**
 * Builds the command and the library out of the same files, one for each `await import()` and for what several share,
 * as esbuild splits only ES modules. They are then made CommonJS, which Node loads in half the time, and whose compiled
 * code src/cli/start/code-cache.ts can keep.
 * Returns esbuild's metafile, in which the files are still called .js; `write: false` leaves dist/ alone.
 */
export async function bundle({ write = true } = {}) {
  const { metafile, outputFiles } = await build({
    ...options,
    entryPoints: { main: 'src/cli/main.ts', ...libraries },
    entryNames: '[name]-[hash]',
    splitting: true,
    format: 'esm',
    metafile: true,
    plugins: [nativeAddons, withoutUnusedParts, withoutTrials],
  });
  if (!write) return metafile;
  mkdirSync(join(root, 'dist'), { recursive: true });
  await Promise.all(outputFiles.map(writeCommonJs));
  await writeStart(entryFile(metafile, 'src/cli/main.ts').file);
  for (const [name, source] of Object.entries(libraries)) writeLibrary(name, entryFile(metafile, source));
  return metafile;
}

async function writeCommonJs({ path, text }) {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: options.target,
    define: { 'import.meta.url': 'fileUrl', 'import.meta.dirname': '__dirname' },
    // What is loaded late is loaded by require() too, some time after it was asked for.
    supported: { 'dynamic-import': false },
  });
  const fileUrl = /\bfileUrl\b/.test(code) ? 'const fileUrl=require("node:url").pathToFileURL(__filename).href;' : '';
  const contents = code.replace(/\brequire\("(\.\/[\w-]+)\.js"\)/g, 'require("$1.cjs")');
  writeFileSync(path.replace(/\.js$/, '.cjs'), fileUrl + contents);
}

/** The start knows the rest by a name that changes with every change of it. */
async function writeStart(main) {
  const { outputFiles } = await build({
    ...options,
    entryPoints: { mdt: 'src/cli/start/start.ts' },
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    define: { ...options.define, MDT_MAIN: JSON.stringify(main), 'import.meta.dirname': '__dirname' },
  });
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
}

/** Importers see an ES module with the library's names. */
function writeLibrary(name, { file, exports }) {
  const text = `import library from './${file}';\nexport const { ${[...exports].sort().join(', ')} } = library;\n`;
  writeFileSync(join(root, 'dist', `${name}.js`), text);
}

function entryFile(metafile, source) {
  const [name, { exports }] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === source);
  return { file: basename(name).replace(/\.js$/, '.cjs'), exports };
}

/** Packages in the file `name` and in all it loads with it, before any `await import()` runs. */
export function packagesLoadedWith(outputs, name) {
  const inputs = [...filesLoadedWith(outputs, name)].flatMap(file => Object.keys(outputs[file].inputs));
  return new Set(inputs.flatMap(input => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []));
}

function filesLoadedWith(outputs, name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const { kind, path, external } of outputs[name].imports) {
    if (kind === 'import-statement' && !external) filesLoadedWith(outputs, path, seen);
  }
  return seen;
}
