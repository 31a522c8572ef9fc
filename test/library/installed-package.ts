import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import { tempDir } from '../fixtures/temp-dir.js';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..', '..');

/** A folder outside the repository in which the packed package is installed, beside what it depends on. */
export async function installedPackage(t: ExecutionContext): Promise<string> {
  const folder = await tempDir(t);
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '@types'), { recursive: true });
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: ROOT });
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as { filename: string }[];
  t.truthy(packed);
  await run('tar', ['-xzf', join(folder, packed?.filename ?? ''), '-C', folder]);
  await run('mv', [join(folder, 'package'), join(modules, 'mendel-device-tool')]);
  const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of [...Object.keys(dependencies), '@types/node', 'undici-types']) {
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
  await writeFile(join(folder, 'package.json'), '{"type": "module"}');
  return folder;
}

/** Compiles strictly, as a user's project would, and returns what the compiler complains about. */
export async function compile(folder: string, files: readonly string[]): Promise<string> {
  const flags = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--types', 'node'];
  const target = ['--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023,esnext.disposable'];
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  return await run(process.execPath, [tsc, ...flags, ...target, ...files], { cwd: folder }).then(
    () => '',
    (error: unknown) => (error as { stdout: string }).stdout,
  );
}

/** Runs a program of that folder with this Node; returns what it printed. */
export async function runProgram(folder: string, file: string, configDir: string): Promise<string> {
  const env = { ...process.env, HOME: configDir, MDT_CONFIG_DIR: configDir, NO_COLOR: '1' };
  const { stdout } = await run(process.execPath, [file], { cwd: folder, env, timeout: 60_000 });
  return stdout;
}
