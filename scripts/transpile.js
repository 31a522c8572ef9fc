// Turns src/ and test/ into plain ES modules below .build/, file by file, for the test runner and the benchmarks.
import { copyFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Path of a package's own program: runs with this Node on every system, without a shell. */
export function programOf(packageName, name = packageName) {
  const folder = join(root, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : (bin[name] ?? Object.values(bin)[0]));
}

export async function transpile() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  rmSync(join(root, '.build'), { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: ['src', 'test'].flatMap(sources),
    outdir: '.build',
    outbase: '.',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: true,
    define: { MDT_VERSION: JSON.stringify(version), MDT_IMAGES: JSON.stringify('../../../images/') },
  });
  copyFileSync(join(root, 'src', 'agent', 'agent.py'), join(root, '.build', 'src', 'agent', 'agent.py'));
  copyFileSync(join(root, 'udev', '65-mendel.rules'), join(root, '.build', 'src', 'udev', '65-mendel.rules'));
}

function sources(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map(entry => join(entry.parentPath, entry.name));
}
