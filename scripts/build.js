// Builds the package: dist/ (bundled, split so that each command loads only what it uses) and its type declarations.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundle } from './bundle.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

rmSync(join(root, 'dist'), { recursive: true, force: true });
writeLicenses(await bundle());
await writeAgent();
copyFileSync(join(root, 'udev', '65-mendel.rules'), join(root, 'dist', '65-mendel.rules'));
writeManPage();
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.types.json'], { cwd: root, stdio: 'inherit' });

/** The agent for boards, as a file beside the code that sends it, and the schemas of what it and `mdt bench` say. */
async function writeAgent() {
  copyFileSync(join(root, 'src', 'agent', 'agent.py'), join(root, 'dist', 'agent.py'));
  const { messagesSchema } = await load('src/agent/messages-schema.ts');
  const { reportSchema } = await load('src/bench/report.ts');
  writeSchema('agent-messages', messagesSchema());
  writeSchema('bench-result', reportSchema());
}

async function load(entryPoint) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entryPoint],
    bundle: true,
    write: false,
    format: 'esm',
  });
  const code = Buffer.from(outputFiles[0].contents).toString('base64');
  return await import(`data:text/javascript;base64,${code}`);
}

function writeSchema(name, schema) {
  writeFileSync(join(root, 'dist', `${name}.schema.json`), `${JSON.stringify(schema, null, 2)}\n`);
}

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
