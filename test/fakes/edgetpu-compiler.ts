import type * as ChildProcess from 'node:child_process';
import type * as Fs from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import type * as Path from 'node:path';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { makeEdgeTpuModel } from '../fixtures/models.js';
import { tempDir } from '../fixtures/temp-dir.js';

/**
 * `compiles` prints what the real one does and writes a made model for each input; it compiles nothing.
 * `hangs` waits for ever, behind a program of its own that listens on the loopback port in the file `started`.
 */
export type FakeCompilerBehaviour = 'compiles' | 'not-quantized' | 'crashes' | 'hangs' | 'fails-behind-old-results';

/** The stand-in is a script with a first line that names its interpreter, which Windows does not know. */
export const FAKE_COMPILER_RUNS = process.platform !== 'win32';

/** A folder, to be put on PATH, with an `edgetpu_compiler` that is a stand-in for the real one. */
export async function fakeCompiler(t: ExecutionContext, behaviour: FakeCompilerBehaviour): Promise<string> {
  const folder = await tempDir(t);
  const model = Buffer.from(makeEdgeTpuModel({ onChipBytes: 4200, token: 99n, cpuOperators: [{ code: 114 }] }));
  const script = [
    `#!${process.execPath}`,
    `const [behaviour, folder, model] = ${JSON.stringify([behaviour, folder, model.toString('base64')])};`,
    `(${compiler.toString()})(behaviour, folder, Buffer.from(model, 'base64'), require);`,
  ];
  await writeFile(join(folder, 'edgetpu_compiler'), script.join('\n'));
  await chmod(join(folder, 'edgetpu_compiler'), 0o755);
  return folder;
}

/** The body of the stand-in: it runs in a process of its own and can use nothing of this file. */
function compiler(behaviour: FakeCompilerBehaviour, folder: string, model: Buffer, require: NodeJS.Require): void {
  const fs = require('node:fs') as typeof Fs;
  const path = require('node:path') as typeof Path;
  const say = (...lines: string[]): void => {
    fs.writeSync(1, `${lines.join('\n')}\n`);
  };
  const words = process.argv.slice(2);
  fs.writeFileSync(path.join(folder, 'words'), JSON.stringify(words));
  const valued = ['--out_dir', '--min_runtime_version'];
  const files = words.filter((word, index) => !word.startsWith('-') && !valued.includes(words[index - 1] ?? ''));
  const outDir = words.includes('--out_dir') ? (words[words.indexOf('--out_dir') + 1] ?? '') : '';
  say('Edge TPU Compiler version 16.0.stand-in');
  if (behaviour === 'not-quantized') {
    say(`Invalid model: ${files[0] ?? ''}`, 'Model not quantized');
    process.exit(1);
  }
  say('Started a compilation timeout timer of 180 seconds.');
  if (behaviour === 'crashes') process.kill(process.pid, 'SIGSEGV');
  if (behaviour === 'fails-behind-old-results') {
    say('ERROR: Encountered unresolved custom op: Atan.', 'Compilation failed! ');
    process.exit(0);
  }
  if (behaviour === 'hangs') {
    const { spawn } = require('node:child_process') as typeof ChildProcess;
    const listen =
      "const server = require('node:net').createServer().listen(0, '127.0.0.1', () => {" +
      "fs.writeFileSync(file + '.new', String(server.address().port)); fs.renameSync(file + '.new', file); });";
    const file = JSON.stringify(path.join(folder, 'started'));
    spawn(process.execPath, ['-e', `const fs = require('node:fs'), file = ${file}; ${listen}`], { stdio: 'inherit' });
    return;
  }
  say('', `Model${files.length > 1 ? 's' : ''} compiled successfully in 35 ms.`);
  for (const file of files) {
    const output = path.join(outDir, `${path.basename(file, '.tflite')}_edgetpu`);
    fs.writeFileSync(`${output}.tflite`, model);
    say(
      '',
      `Input model: ${file}`,
      'Input size: 3.03KiB',
      `Output model: ${output}.tflite`,
      'Output size: 296.85KiB',
      'On-chip memory used for caching model parameters: 4.10KiB',
      'On-chip memory remaining for caching model parameters: 7.50MiB',
      'Off-chip memory used for streaming uncached model parameters: 0.00B',
      'Number of Edge TPU subgraphs: 1',
      'Total number of operations: 3',
      `Operation log: ${output}.log`,
      '',
      'Operator                       Count      Status',
      '',
      'CONV_2D                        2          Mapped to Edge TPU',
      'QUANTIZE                       1          Operation is working on an unsupported data type',
    );
  }
  say('Compilation child process completed within timeout period.', 'Compilation succeeded! ');
}
