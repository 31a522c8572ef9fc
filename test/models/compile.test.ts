import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AbortedError, FileError, PermissionError, TimeoutError, UsageError } from '../../src/errors.js';
import {
  CompileFailedError,
  CompilerMissingError,
  compileModels,
  outputFileOf,
  type CompileRequest,
} from '../../src/models/compile.js';
import { ModelFormatError } from '../../src/tflite/model-format-error.js';
import { until } from '../../src/time/retry.js';
import { FAKE_COMPILER_RUNS, fakeCompiler, type FakeCompilerBehaviour } from '../fakes/edgetpu-compiler.js';
import { makeEdgeTpuModel, makeModel } from '../fixtures/models.js';
import { tempDir } from '../fixtures/temp-dir.js';

const standIn = FAKE_COMPILER_RUNS ? test : test.skip;

interface Desk {
  readonly request: CompileRequest;
  /** Folder of the models and results. */
  readonly folder: string;
  /** Folder of the stand-in. */
  readonly compiler: string;
}

/** Models a.tflite and b.tflite, and a stand-in for the compiler. */
async function desk(t: ExecutionContext, behaviour: FakeCompilerBehaviour): Promise<Desk> {
  const folder = await tempDir(t);
  const files = ['a.tflite', 'b.tflite'].map(name => join(folder, name));
  for (const file of files) await writeFile(file, makeModel());
  const compiler = await fakeCompiler(t, behaviour);
  return { folder, compiler, request: { files, outputDir: folder, variables: { PATH: compiler } } };
}

standIn('models are compiled together, and the results read back with what the log says of each', async t => {
  const { request, folder, compiler } = await desk(t, 'compiles');
  const { compilerVersion, models } = await compileModels({ ...request, minRuntimeVersion: 12 });
  t.is(compilerVersion, '16.0.stand-in');
  t.deepEqual(JSON.parse(await readFile(join(compiler, 'words'), 'utf8')), [
    '--show_operations',
    '--out_dir',
    folder,
    '--min_runtime_version',
    '12',
    ...request.files,
  ]);
  t.deepEqual(
    models.map(({ file }) => file),
    ['a', 'b'].map(name => join(folder, `${name}_edgetpu.tflite`)),
  );
  t.is(models[1]?.model.edgeTpu?.onChipBytes, 4200);
  t.like(models[1]?.log, { inputFile: request.files[1], onChipRemainingBytes: 7_864_320, operatorCount: 3 });
});

test('without a compiler the hint says where one can run', async t => {
  const { request } = await desk(t, 'compiles');
  await t.throwsAsync(compileModels({ ...request, variables: { PATH: await tempDir(t) } }), {
    instanceOf: CompilerMissingError,
    message: 'edgetpu_compiler is not installed on this host.',
  });
  t.regex(new CompilerMissingError('linux x64').hint ?? '', /Install the package edgetpu-compiler/);
  t.regex(new CompilerMissingError('darwin arm64').hint ?? '', /Linux on x86-64 only, and this is darwin arm64/);
});

standIn('what the compiler says against a model is the error, with what to do', async t => {
  const { request } = await desk(t, 'not-quantized');
  const error = await t.throwsAsync(compileModels(request), { instanceOf: CompileFailedError });
  t.regex(error.message, /did not compile: Invalid model: .*a\.tflite Model not quantized$/);
  t.is(error.hint, 'Convert the model with full integer quantization first.');
  t.is(error.exitCode, 7);
});

standIn('a compiler that crashes has failed', async t => {
  const { request } = await desk(t, 'crashes');
  const error = await t.throwsAsync(compileModels(request), { instanceOf: CompileFailedError });
  t.regex(error.message, /It did not say why\.$/);
});

standIn('a compiler that fails with exit code 0 is not taken for its results of last time', async t => {
  const { request, folder } = await desk(t, 'fails-behind-old-results');
  for (const file of request.files) await writeFile(outputFileOf(file, folder), makeEdgeTpuModel());
  const error = await t.throwsAsync(compileModels(request), { instanceOf: CompileFailedError });
  t.regex(error.message, /unresolved custom op: Atan\. Compilation failed!$/);
});

/** A connection to the program that the stand-in has started: it closes when that ends. */
async function connected(t: ExecutionContext, folder: string): Promise<Socket> {
  const file = join(folder, 'started');
  await until({ intervalMs: 10 }, async () => await Promise.resolve(existsSync(file) ? true : undefined));
  const socket = connect(Number(await readFile(file, 'utf8')), '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

standIn('an abort ends the compiler and all that it has started', async t => {
  const { request, compiler } = await desk(t, 'hangs');
  const controller = new AbortController();
  const refused = t.throwsAsync(compileModels(request, { signal: controller.signal }), { instanceOf: AbortedError });
  const socket = await connected(t, compiler);
  // Not `once`: being reset is one way to close.
  const closed = new Promise(resolve => socket.once('close', resolve));
  controller.abort();
  await Promise.all([refused, closed]);
});

standIn('at the deadline it is ended too', async t => {
  const { request } = await desk(t, 'hangs');
  await t.throwsAsync(compileModels({ ...request, timeoutMs: 300 }), {
    instanceOf: TimeoutError,
    message: 'Timed out after 0.3 s while compiling.',
  });
});

standIn('a compiler that may not be run is told from one that is not there', async t => {
  const { request, folder } = await desk(t, 'compiles');
  await writeFile(join(folder, 'edgetpu_compiler'), 'not a program', { mode: 0o644 });
  await t.throwsAsync(compileModels({ ...request, variables: { PATH: folder } }), { instanceOf: PermissionError });
});

test('files that are no models, are compiled already or would overwrite each other are refused before', async t => {
  const { request, folder } = await desk(t, 'compiles');
  const refused = async (files: string[], instanceOf: new (...args: never[]) => Error): Promise<void> => {
    await t.throwsAsync(compileModels({ ...request, files }), { instanceOf });
  };
  const compiled = join(folder, 'compiled.tflite');
  await writeFile(compiled, makeEdgeTpuModel());
  await writeFile(join(folder, 'text'), 'text');
  await mkdir(join(folder, 'other'));
  await writeFile(join(folder, 'other', 'a.tflite'), makeModel());
  await refused([compiled], UsageError);
  await refused([join(folder, 'none')], FileError);
  await refused([join(folder, 'text')], ModelFormatError);
  await refused([join(folder, 'a.tflite'), join(folder, 'other', 'a.tflite')], UsageError);
  await t.throwsAsync(compileModels({ ...request, outputDir: join(folder, 'nowhere') }), { instanceOf: FileError });
});
