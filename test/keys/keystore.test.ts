import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type ExecutionContext } from 'ava';
import { configPaths, type ConfigPaths } from '../../src/config/paths.js';
import { FileError, PermissionError, UsageError } from '../../src/errors.js';
import { publicLineOfPem } from '../../src/keys/key-format.js';
import {
  ensureIdentity,
  generateIdentity,
  importIdentity,
  KeyExistsError,
  loadIdentity,
} from '../../src/keys/keystore.js';
import { tempDir } from '../fixtures/temp-dir.js';

const test = anyTest;
const posix = process.platform === 'win32' ? test.skip : test;
const hasKeygen = ((): boolean => {
  try {
    execFileSync('ssh-keygen', ['-?'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
})();
const withKeygen = (title: string, body: (t: ExecutionContext) => Promise<void>): void => {
  if (hasKeygen) test(title, body);
  else test.skip(`${title} (skipped: ssh-keygen is not installed)`, body);
};

async function newPaths(t: ExecutionContext): Promise<ConfigPaths> {
  return configPaths(join(await tempDir(t), 'mdt'));
}

const rsa = { algorithm: 'rsa', bits: 2048 } as const;

test('there is no identity before one is made', async t => {
  t.is(await loadIdentity(await newPaths(t)), undefined);
});

test('an RSA key is stored where and how Python MDT has it', async t => {
  const paths = await newPaths(t);
  const made = await generateIdentity(paths, rsa);
  const text = await readFile(join(paths.configDir, 'keys', 'mdt.key'), 'utf8');
  t.true(text.startsWith('-----BEGIN RSA PRIVATE KEY-----\n'));
  t.is(made.privateKey, text);
  t.is(made.algorithm, 'ssh-rsa');
  t.regex(made.publicLine, /^ssh-rsa [A-Za-z0-9+/]+=* mdt$/);
  t.is(made.publicLine, publicLineOfPem(text));
  t.like(await loadIdentity(paths), { ...made });
});

test('an RSA key has 4096 bits if nothing else is said', async t => {
  const { privateKey } = await generateIdentity(await newPaths(t), { algorithm: 'rsa' });
  t.is(createPrivateKey(privateKey).asymmetricKeyDetails?.modulusLength, 4096);
});

test('keys of silly sizes are refused', async t => {
  const paths = await newPaths(t);
  for (const bits of [0, 512, 1e6, 2048.5, NaN]) {
    await t.throwsAsync(generateIdentity(paths, { algorithm: 'rsa', bits }), { instanceOf: UsageError });
  }
});

posix('the key is for its owner alone, and so is its folder', async t => {
  const paths = await newPaths(t);
  await generateIdentity(paths, { algorithm: 'ed25519' });
  t.is((await stat(paths.keyFile)).mode & 0o777, 0o600);
  t.is((await stat(paths.keysDir)).mode & 0o777, 0o700);
});

posix('a key or a folder that others may use is refused, with the command that mends it', async t => {
  const paths = await newPaths(t);
  await generateIdentity(paths, { algorithm: 'ed25519' });
  await chmod(paths.keyFile, 0o640);
  const file = await t.throwsAsync(loadIdentity(paths), { instanceOf: PermissionError });
  t.is(file.hint, `Restrict access: chmod 600 ${paths.keyFile}`);
  await chmod(paths.keysDir, 0o755);
  const both = await t.throwsAsync(loadIdentity(paths), { instanceOf: PermissionError });
  t.is(both.hint, `Restrict access: chmod 700 ${paths.keysDir} && chmod 600 ${paths.keyFile}`);
  await chmod(paths.keysDir, 0o700);
  await chmod(paths.keyFile, 0o400);
  t.truthy(await loadIdentity(paths));
});

test('a key that is there is not replaced unless asked, and then kept beside', async t => {
  const paths = await newPaths(t);
  const first = await generateIdentity(paths, { algorithm: 'ed25519' });
  await t.throwsAsync(generateIdentity(paths, { algorithm: 'ed25519' }), { instanceOf: KeyExistsError });
  t.is((await loadIdentity(paths))?.privateKey, first.privateKey);
  const second = await generateIdentity(paths, { algorithm: 'ed25519', overwrite: true });
  const third = await generateIdentity(paths, { algorithm: 'ed25519', overwrite: true });
  t.is((await loadIdentity(paths))?.privateKey, third.privateKey);
  t.is(await readFile(second.previousKeyFile ?? '', 'utf8'), first.privateKey);
  t.is(await readFile(third.previousKeyFile ?? '', 'utf8'), second.privateKey);
  t.is((await readdir(paths.keysDir)).length, 3);
});

test('processes that make the first key at the same moment end up with one', async t => {
  const paths = await newPaths(t);
  const made = await Promise.all(Array.from({ length: 3 }, async () => ensureIdentity(paths)));
  t.is(new Set(made.map(({ privateKey }) => privateKey)).size, 1);
  t.deepEqual(await readdir(paths.keysDir), ['mdt.key']);
  t.is((await ensureIdentity(paths)).privateKey, made[0]?.privateKey ?? '');
});

for (const [name, text] of [
  ['empty', ''],
  ['of something else', 'hello'],
  ['a public key', 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB mdt'],
  ['a certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
  ['encrypted', '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n'],
] as const) {
  test(`a stored key that is ${name} is a clear error and stays as it is`, async t => {
    const paths = await newPaths(t);
    await mkdir(paths.keysDir, { recursive: true, mode: 0o700 });
    await chmod(paths.keysDir, 0o700);
    await writeFile(paths.keyFile, text, { mode: 0o600 });
    await t.throwsAsync(loadIdentity(paths), { instanceOf: FileError });
    t.is(await readFile(paths.keyFile, 'utf8'), text);
  });
}

test('a folder in the place of the key is a clear error', async t => {
  const paths = await newPaths(t);
  await mkdir(paths.keyFile, { recursive: true, mode: 0o700 });
  await chmod(paths.keysDir, 0o700);
  await t.throwsAsync(loadIdentity(paths), { instanceOf: FileError });
});

test('a stored key that is cut short is told when its public part is asked for', async t => {
  const paths = await newPaths(t);
  const { privateKey } = await generateIdentity(paths, rsa);
  await writeFile(paths.keyFile, privateKey.slice(0, 900), { mode: 0o600 });
  const identity = await loadIdentity(paths);
  t.throws(() => identity?.publicLine, { instanceOf: FileError });
});

withKeygen('OpenSSH reads the Ed25519 key and finds the same public key in it', async t => {
  const paths = await newPaths(t);
  const { publicLine, algorithm } = await generateIdentity(paths, { algorithm: 'ed25519' });
  t.is(algorithm, 'ssh-ed25519');
  const derived = execFileSync('ssh-keygen', ['-y', '-f', paths.keyFile], { encoding: 'utf8' });
  t.is(derived.trim(), publicLine);
});

withKeygen('OpenSSH reads the RSA key and finds the same public key in it', async t => {
  const paths = await newPaths(t);
  const { publicLine } = await generateIdentity(paths, rsa);
  const derived = execFileSync('ssh-keygen', ['-y', '-f', paths.keyFile], { encoding: 'utf8' });
  t.is(`${derived.trim()} mdt`, publicLine);
});

/** Private keys as people have them, made natively; `type` is how they come out. */
const importable: readonly (readonly [string, () => string, 'ssh-rsa' | 'ssh-ed25519'])[] = [
  ['RSA in PEM', () => rsaPem('pkcs1'), 'ssh-rsa'],
  ['RSA in PEM with the line ends of Windows', () => rsaPem('pkcs1').replaceAll('\n', '\r\n'), 'ssh-rsa'],
  ['RSA in PKCS#8', () => rsaPem('pkcs8'), 'ssh-rsa'],
  [
    'Ed25519 in PKCS#8',
    () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'ssh-ed25519',
  ],
];

for (const [name, make, type] of importable) {
  test(`${name} can be imported`, async t => {
    const paths = await newPaths(t);
    const file = await privateFile(t, make());
    const imported = await importIdentity(paths, file);
    t.is(imported.algorithm, type);
    t.is(imported.previousKeyFile, undefined);
    t.regex(
      await readFile(paths.keyFile, 'utf8'),
      type === 'ssh-rsa' ? /^-----BEGIN RSA PRIVATE KEY-----\n[^\r]*$/ : /^-----BEGIN OPENSSH PRIVATE KEY-----\n/,
    );
    t.is((await loadIdentity(paths))?.publicLine, imported.publicLine);
  });
}

for (const [type, options] of [
  ['rsa', ['-b', '2048']],
  ['rsa', ['-b', '2048', '-m', 'PEM']],
  ['rsa', ['-b', '2048', '-m', 'PKCS8']],
  ['ed25519', []],
] as const) {
  withKeygen(`what ssh-keygen makes with -t ${type} ${options.join(' ')} can be imported`, async t => {
    const paths = await newPaths(t);
    const file = join(await tempDir(t), 'id');
    execFileSync('ssh-keygen', ['-q', '-t', type, ...options, '-N', '', '-C', 'me@here', '-f', file]);
    const imported = await importIdentity(paths, file);
    const [kind, base64] = (await readFile(`${file}.pub`, 'utf8')).split(' ');
    t.is(imported.publicLine, `${kind ?? ''} ${base64 ?? ''} mdt`);
  });

  withKeygen(`what ssh-keygen protects with a passphrase (-t ${type} ${options.join(' ')}) is refused`, async t => {
    const paths = await newPaths(t);
    const file = join(await tempDir(t), 'id');
    execFileSync('ssh-keygen', ['-q', '-t', type, ...options, '-N', 'secret', '-f', file]);
    await t.throwsAsync(importIdentity(paths, file), { instanceOf: UsageError, message: /protected by a passphrase/ });
    t.is(await loadIdentity(paths), undefined);
  });
}

test('an import keeps the key before it, and the same key again changes nothing', async t => {
  const paths = await newPaths(t);
  const first = await generateIdentity(paths, { algorithm: 'ed25519' });
  const file = await privateFile(t, rsaPem('pkcs1'));
  const { previousKeyFile = '' } = await importIdentity(paths, file);
  t.is(await readFile(previousKeyFile, 'utf8'), first.privateKey);
  t.is((await importIdentity(paths, file)).previousKeyFile, undefined);
  t.is((await readdir(paths.keysDir)).length, 2);
});

for (const [name, make, message] of [
  ['a public key', () => 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA me@here\n', /is a public key/],
  ['a public key in PEM', () => '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', /is a public key/],
  ['a key of PuTTY', () => 'PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n', /PuTTY/],
  ['a photograph', () => 'JFIF\u0000\u0001', /is not a private key/],
  ['nothing at all', () => '', /is not a private key/],
  ['far too large', () => 'x'.repeat(100_000), /is not a private key/],
  ['a short RSA key', () => rsaPem('pkcs1', 1024), /only 1024 bits/],
  ['an elliptic key', () => ecPem(), /of type ec/],
  ['a cut RSA key', () => rsaPem('pkcs1').replace(/\n.*\n(?=-----END)/, '\n'), /is damaged/],
  ['a cut OpenSSH key', () => '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE=\n', /is damaged/],
  [
    'encrypted',
    () => '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n',
    /protected by a passphrase/,
  ],
] as const) {
  test(`a file that is ${name} is not imported`, async t => {
    const paths = await newPaths(t);
    await t.throwsAsync(importIdentity(paths, await privateFile(t, make())), { instanceOf: UsageError, message });
    t.is(await loadIdentity(paths), undefined);
  });
}

test('a key whose numbers do not belong together is not imported', async t => {
  const jwk = createPrivateKey(rsaPem('pkcs1')).export({ format: 'jwk' });
  const { dp = '', dq = '' } = createPrivateKey(rsaPem('pkcs1')).export({ format: 'jwk' });
  const mixed = createPrivateKey({ key: { ...jwk, dp, dq }, format: 'jwk' });
  const file = await privateFile(t, mixed.export({ type: 'pkcs1', format: 'pem' }).toString());
  await t.throwsAsync(importIdentity(await newPaths(t), file), { instanceOf: UsageError, message: /is damaged/ });
});

test('a file that is not there is a clear error', async t => {
  await t.throwsAsync(importIdentity(await newPaths(t), join(await tempDir(t), 'none')), { instanceOf: FileError });
});

posix('a key that others may read is not imported', async t => {
  const file = await privateFile(t, rsaPem('pkcs1'));
  await chmod(file, 0o644);
  const error = await t.throwsAsync(importIdentity(await newPaths(t), file), { instanceOf: PermissionError });
  t.regex(error.hint ?? '', /chmod 600/);
});

function rsaPem(type: 'pkcs1' | 'pkcs8', modulusLength = 2048): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength });
  return privateKey.export({ type, format: 'pem' }).toString();
}

function ecPem(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'sec1', format: 'pem' }).toString();
}

async function privateFile(t: ExecutionContext, text: string): Promise<string> {
  const file = join(await tempDir(t), 'key');
  await writeFile(file, text, { mode: 0o600 });
  return file;
}
