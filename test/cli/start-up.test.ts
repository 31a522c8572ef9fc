import test from 'ava';
import { build, type Metafile } from 'esbuild';

const HEAVY = ['ssh2', 'node-forge', 'mdns-js', 'inquirer', 'tar-stream', 'dns-packet'];

/** Packages in the chunks that are loaded together with `output`, before any `await import()` runs. */
function packagesLoadedWith(outputs: Metafile['outputs'], output: string, seen = new Set<string>()): Set<string> {
  if (seen.has(output)) return new Set();
  seen.add(output);
  const chunk = outputs[output];
  const inputs = Object.keys(chunk?.inputs ?? {});
  const own = inputs.flatMap(input => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []);
  const imported = (chunk?.imports ?? [])
    .filter(({ kind, external }) => kind === 'import-statement' && external !== true)
    .flatMap(({ path }) => [...packagesLoadedWith(outputs, path, seen)]);
  return new Set([...own, ...imported]);
}

function chunkOf(outputs: Metafile['outputs'], source: string): string {
  const found = Object.entries(outputs).find(([, output]) => output.entryPoint?.endsWith(source));
  if (!found) throw new Error(`${source} has no chunk of its own.`);
  return found[0];
}

test('start-up loads no package, and the command tree only commander', async t => {
  const { metafile } = await build({
    entryPoints: ['src/cli/main.ts'],
    outdir: 'unused',
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    external: ['cpu-features', '*.node'],
    logLevel: 'silent',
  });
  const { outputs } = metafile;
  t.deepEqual([...packagesLoadedWith(outputs, chunkOf(outputs, 'src/cli/main.ts'))], []);
  t.deepEqual([...packagesLoadedWith(outputs, chunkOf(outputs, 'src/cli/program.ts'))], ['commander']);
  const bundled = Object.keys(metafile.inputs);
  t.true(HEAVY.slice(0, 2).every(name => bundled.some(input => input.includes(`node_modules/${name}/`))));
});
