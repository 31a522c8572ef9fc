import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import type { Command } from 'commander';
import { createCli } from '../../src/cli/cli.js';
import { buildProgram } from '../../src/cli/program.js';
import { verbsBelow, verbText } from '../../src/cli/verb.js';
import { FakeIo } from '../fakes/cli-io.js';
import { writeDeb } from '../files/deb-fixture.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { MDT_PROGRAM } from '../fixtures/mdt-process.js';
import { makeRunnableModel } from '../fixtures/runnable-model.js';
import { tempDir } from '../fixtures/temp-dir.js';

const run = promisify(execFile);

/** What this host has when the examples run: traps are names that exist here too, such as /tmp. */
const FILES_HERE = ['model.tflite', 'app/main.py', 'app/main.pyc', 'models/labels.txt', 'image.bin', 'v2/x'] as const;
const MODELS_HERE = ['detect_edgetpu.tflite', 'v2/detect_edgetpu.tflite', 'first_edgetpu.tflite'] as const;
const FILES_THERE = [
  ...['home/mendel/results.csv', 'home/mendel/app/main.py', 'home/mendel/data.db', 'home/mendel/photos/a.jpg'],
  ...['var/log/a.log', 'var/log/b.log', 'sys/class/thermal/thermal_zone0/temp'],
] as const;

/** Examples that run to their end against a board, in this order, with what else they show. */
const RUN: readonly (readonly [example: string, shown: RegExp])[] = [
  ['mdt set preferred-device swift-otter', /^Set preferred-device to swift-otter$/m],
  ['mdt get preferred-device', /^preferred-device is swift-otter$/m],
  ['mdt pair', /was paired already/],
  ['mdt exec uname -a', /Linux swift-otter/],
  ['mdt exec -- touch "a name with spaces"', /^$/],
  ['mdt exec tar -c photos > photos.tar', /^$/],
  ['mdt push model.tflite', /Pushed 1 file/],
  ['mdt push model.tflite /tmp/', /Pushed 1 file/],
  ['mdt push --exclude "*.pyc" app models/ demo/', /Pushed 2 files/],
  ['mdt push *.tflite --to models', /Pushed 3 files/],
  ['mdt push --resume image.bin /tmp/', /Pushed 1 file/],
  ['mdt pull results.csv .', /Pulled 1 file/],
  ['mdt pull "/var/log/*.log" logs/', /Pulled 2 files/],
  ['mdt pull app data.db --to backup', /Pulled \d files/],
  ['mdt pull /sys/class/thermal/thermal_zone0/temp .', /Pulled 1 file/],
  ['mdt model info detect_edgetpu.tflite', /detect_edgetpu/],
  ['mdt model push detect_edgetpu.tflite', /detect_edgetpu/],
  ['mdt model list', /detect_edgetpu/],
  ['mdt model rm detect_edgetpu.tflite', /detect_edgetpu/],
  ['mdt install demo_1.0_arm64.deb libdemo_1.0_arm64.deb', /Installed/],
  ['mdt uninstall demo', /demo/],
  ['mdt ssh-config > boards.conf', /^$/],
  ['eval "$(mdt completion bash)"', /^$/],
  ['mdt clear preferred-device', /^Cleared preferred-device$/m],
  ['mdt resetkeys swift-otter', /swift-otter/],
];

async function examplesOf(t: ExecutionContext): Promise<{ program: Command; examples: string[] }> {
  const program = buildProgram(createCli(new FakeIo({ configDir: await tempDir(t) })));
  const examples = verbsBelow(program).flatMap(verb => (verbText(verb)?.examples ?? []).map(([line]) => line));
  return { program, examples };
}

/** A folder whose files the examples name, and a shell that knows `mdt`. */
async function deskOf(t: ExecutionContext): Promise<{ folder: string; path: string }> {
  const [folder, bin] = [await tempDir(t), await tempDir(t)];
  for (const file of [...FILES_HERE, ...MODELS_HERE]) {
    await mkdir(join(folder, dirname(file)), { recursive: true });
    await writeFile(join(folder, file), file.endsWith('.tflite') ? makeRunnableModel(8) : file);
  }
  await mkdir(join(folder, '.ssh'));
  for (const name of ['demo', 'libdemo']) {
    const control = `Package: ${name}\nVersion: 1.0\nArchitecture: arm64\nMaintainer: nobody\nDescription: x\n`;
    await writeDeb(join(folder, `${name}_1.0_arm64.deb`), { control });
  }
  await writeFile(join(bin, 'mdt'), `#!/bin/sh\nexec '${process.execPath}' '${MDT_PROGRAM}' "$@"\n`);
  await chmod(join(bin, 'mdt'), 0o755);
  return { folder, path: `${bin}:${process.env['PATH'] ?? ''}` };
}

/** The words that mdt gets from a line, after the shell has read it. */
async function wordsOf(line: string, folder: string): Promise<string[]> {
  const file = join(folder, '.words');
  const stubs = `sudo() { "$@"; }; man() { :; }; source() { :; }; mdt() { printf '%s\\0' "$@" >'${file}'; }`;
  const env = { ...process.env, HOME: folder };
  await run('bash', ['-c', `${stubs}\n${line}`], { cwd: folder, env });
  return (await readFile(file, 'utf8')).split('\0').slice(0, -1);
}

function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEachCommand(child, visit);
}

/** The command lines in the code blocks of the README and of the docs. */
async function documentedLines(): Promise<string[]> {
  const root = join(import.meta.dirname, '..', '..', '..');
  const docs = (await readdir(join(root, 'docs'))).map(name => join('docs', name));
  const texts = await Promise.all(['README.md', ...docs].map(file => readFile(join(root, file), 'utf8')));
  return texts.flatMap(text =>
    [...text.matchAll(/^(?: {4}|```[a-z]*\n)(?:\$ )?(mdt [^\n&]*?)(?: {2,}#.*)?$/gm)].flatMap(([, line]) => line ?? []),
  );
}

test('every example and every command of the docs is a command line that mdt takes', async t => {
  const lines = [...(await examplesOf(t)).examples, ...(await documentedLines())];
  const { folder } = await deskOf(t);
  t.true(lines.length > 80, String(lines.length));
  for (const line of lines) {
    const words = await wordsOf(line, folder);
    const { program } = await examplesOf(t);
    forEachCommand(program, command => command.action(() => undefined));
    await t.notThrowsAsync(program.parseAsync(words, { from: 'user' }), line);
  }
});

test('examples run as they stand, also where the paths that they name exist on this host', async t => {
  t.timeout(240_000);
  const { examples } = await examplesOf(t);
  const [{ configDir, board }, { folder, path }] = await Promise.all([boardOnDesk(t), deskOf(t)]);
  for (const file of FILES_THERE) {
    await mkdir(join(board.rootDir, dirname(file)), { recursive: true });
    await writeFile(join(board.rootDir, file), file);
  }
  const env = { ...process.env, PATH: path, HOME: configDir, MDT_CONFIG_DIR: configDir, NO_COLOR: '1' };
  for (const [line, shown] of RUN) {
    t.true(examples.includes(line), `${line} is an example no longer`);
    const { stdout, stderr } = await run('bash', ['-c', line], { cwd: folder, env });
    t.regex(stdout, shown, `${line}\n${stderr}`);
  }
});
