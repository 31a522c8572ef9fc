// Builds the package: dist/ (bundled, split so that each command loads only what it uses) and its type declarations.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** ssh2 finds its native addons by relative paths, which a bundle moves: keep them where npm put them. */
const nativeAddons = {
  name: 'native-addons',
  setup(bundle) {
    bundle.onResolve({ filter: /sshcrypto\.node$/ }, () => ({
      path: 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node',
      external: true,
    }));
  },
};

rmSync(join(root, 'dist'), { recursive: true, force: true });
const result = await build({
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
  plugins: [nativeAddons],
  // ssh2 looks for a program of its own beside itself, on Windows and only for an agent that mdt does not use.
  define: { MDT_VERSION: JSON.stringify(version), __dirname: 'import.meta.dirname' },
  // CommonJS packages inside an ES module bundle call require() for Node's own modules.
  banner: { js: "import{createRequire as mdtRequire}from'node:module';const require=mdtRequire(import.meta.url);" },
});
writeLicenses(result.metafile);
writeManPage();
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.types.json'], { cwd: root, stdio: 'inherit' });

/** man/mdt.1 is made from the command tree, by the command that was just built. */
function writeManPage() {
  mkdirSync(join(root, 'man'), { recursive: true });
  const page = execFileSync(process.execPath, [join(root, 'bin', 'mdt.js'), 'man']);
  writeFileSync(join(root, 'man', 'mdt.1'), page);
}

/** The licences of what is bundled travel with the bundle, as they ask for. */
function writeLicenses(metafile) {
  const packages = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const match = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) packages.add(match[0].slice(0, -1));
  }
  const texts = [...packages]
    .sort()
    .map(folder => `## ${folder.replace(/^.*node_modules\//, '')}\n\n${licenseOf(folder)}`);
  writeFileSync(join(root, 'dist', 'THIRD-PARTY-LICENSES.md'), `# Bundled packages\n\n${texts.join('\n\n')}\n`);
}

function licenseOf(folder) {
  for (const name of ['LICENSE', 'LICENSE.md', 'LICENCE', 'license', 'LICENSE.txt', 'License', 'LICENSE-MIT.txt']) {
    try {
      return readFileSync(join(root, folder, name), 'utf8').trim();
    } catch {
      // Not under this name; the next one, or the licence field below.
    }
  }
  return String(JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).license);
}
