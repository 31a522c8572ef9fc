import { spawnSync } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { rememberBoard } from '../../src/keys/known-boards.js';
import { mdt } from '../fakes/cli-io.js';
import { MDT_PROGRAM } from '../fixtures/mdt-process.js';
import { tempDir } from '../fixtures/temp-dir.js';

async function knownBoard(configDir: string, name: string): Promise<void> {
  const type = Buffer.from('\0\0\0\u000bssh-ed25519', 'latin1');
  await rememberBoard(join(configDir, 'known_boards.json'), {
    name,
    hostKey: { algorithm: 'ssh-ed25519', blob: Buffer.concat([type, Buffer.from(name)]) },
    routes: [{ kind: 'ssh', medium: 'lan', address: '192.0.2.7', port: 22 }],
    lastSeen: '2026-01-01T00:00:00Z',
  });
}

async function candidates(configDir: string, ...words: string[]): Promise<string[]> {
  const { out } = await mdt({ configDir }, '__complete', '--', ...words);
  return out
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.replace(/\t.*/, ''));
}

test('verbs, options, variables, choices, known boards and files are completed', async t => {
  const configDir = await tempDir(t);
  await knownBoard(configDir, 'swift-otter');
  t.deepEqual(await candidates(configDir, 'ge'), ['genkey', 'get']);
  t.deepEqual(await candidates(configDir, 'get', '--'), ['--json', '--help']);
  t.deepEqual(await candidates(configDir, 'set', 'pre'), ['preferred-device']);
  t.deepEqual(await candidates(configDir, 'genkey', '--type', ''), ['rsa', 'ed25519']);
  t.deepEqual(await candidates(configDir, '-d', ''), ['swift-otter']);
  t.deepEqual(await candidates(configDir, 'ssh-config', 'sw'), ['swift-otter']);
  t.deepEqual(await candidates(configDir, 'setkey', ''), [':files']);
  t.deepEqual(await candidates(configDir, 'help', 'vers'), ['version']);
  t.deepEqual(await candidates(configDir, 'version', ''), []);
});

test('a damaged list of boards completes to nothing, without an error', async t => {
  const configDir = await tempDir(t);
  await writeFile(join(configDir, 'known_boards.json'), 'garbage');
  t.deepEqual(await mdt({ configDir }, '__complete', '--', '-d', ''), { code: 0, out: '', err: '' });
});

/** A folder with `mdt` in it, to put on PATH. */
async function mdtOnPath(t: ExecutionContext): Promise<string> {
  const folder = await tempDir(t);
  await writeFile(join(folder, 'mdt'), `#!/bin/sh\nexec '${process.execPath}' '${MDT_PROGRAM}' "$@"\n`);
  await chmod(join(folder, 'mdt'), 0o755);
  return folder;
}

const shells = {
  // COMP_WORDS is what bash has when the user presses Tab.
  bash: 'eval "$(mdt completion bash)"; COMP_WORDS=(mdt set pre); COMP_CWORD=2; _mdt; echo "${COMPREPLY[@]}"',
  // _describe only runs inside a completion: a stand-in prints what it is given.
  zsh:
    'compdef() { :; }; _describe() { print -l -- "${(@P)2}"; }; eval "$(mdt completion zsh)"; ' +
    'words=(mdt set pre); CURRENT=3; _mdt',
  fish: 'mdt completion fish | source; complete -C "mdt set pre"',
};
for (const [shell, script] of Object.entries(shells)) {
  const present = spawnSync(shell, ['-c', 'true']).status === 0;
  (present ? test : test.skip)(
    `${shell} completes the name of a variable${present ? '' : ` (no ${shell} here)`}`,
    async t => {
      const folder = await mdtOnPath(t);
      const env = { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}`, HOME: folder };
      const { stdout, stderr } = spawnSync(shell, ['-c', script], { env, encoding: 'utf8' });
      t.is(stderr, '');
      t.regex(stdout, /^preferred-device\b/);
    },
  );
}
