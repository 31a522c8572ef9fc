// npm run demo [-- --by-address]: starts a virtual board on this host and runs the real command line against it, from
// finding the board to installing a package on it. Uses settings and files of its own, and removes them at the end.
import { spawn } from 'node:child_process';
import { createHash, createPublicKey, randomBytes } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = join(root, 'bin', 'mdt.js');
const TIME_LIMIT_MS = 60_000;
const FILES = ['model.tflite', 'models/labels.txt', 'models/deep/down.bin', 'models/an odd name.txt'];

const ending = new AbortController();
let interrupted = false;
process.on('SIGINT', () => {
  interrupted = true;
  ending.abort(new Error('Interrupted.'));
});
process.on('SIGTERM', () => ending.abort(new Error('Ended.')));
const limit = setTimeout(() => ending.abort(new Error('The demo took longer than a minute.')), TIME_LIMIT_MS);

try {
  await demo();
} catch (error) {
  console.error(`\nThe demo failed: ${error.message}`);
  process.exitCode = interrupted ? 130 : 1;
} finally {
  clearTimeout(limit);
}

async function demo() {
  await access(join(root, 'dist', 'mdt.cjs')).catch(() => {
    throw new Error('mdt is not built yet. Run `npm ci` or `npm run build` first.');
  });
  const folder = await mkdtemp(join(tmpdir(), 'mdt-demo-'));
  const startedAt = performance.now();
  let board;
  try {
    const host = await makeHost(folder);
    board = await startBoard(host);
    await tour(host, board);
    console.log(`\nDone in ${((performance.now() - startedAt) / 1000).toFixed(1)} s. The board and its files go now.`);
  } finally {
    await board?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The whole way, as a user goes it. */
async function tour(host, board) {
  const device = await deviceOf(host, board);
  if (device === board.name) {
    say('Which boards are there?');
    await mdt(host, ['devices']);
  }
  say('Make it trust this host. The key is made once.');
  await mdt(host, ['pair', device]);
  await mdt(host, ['set', 'preferred-device', device]);
  say('Run commands on it.');
  await mdt(host, ['exec', 'uname', '-a']);
  await mdt(host, ['exec', '--', 'cat', '/sys/class/apex/apex_0/temp']);
  say('Send a file and a folder.');
  await mdt(host, ['push', 'model.tflite', 'models']);
  say('Fetch them back.');
  await mkdir(join(host.folder, 'back'));
  await mdt(host, ['pull', '/home/mendel/model.tflite', '/home/mendel/models', 'back']);
  say('Install a package.');
  await mdt(host, ['install', 'hello-coral_1.0_arm64.deb']);
  await mdt(host, ['exec', '--', 'cat', '/usr/share/hello-coral/greeting']);
  say('Is everything what it was?');
  await compare(host);
}

/** A host of its own: home folder, settings, and something to send. */
async function makeHost(folder) {
  const env = { ...process.env, HOME: folder, USERPROFILE: folder, MDT_CONFIG_DIR: join(folder, 'settings') };
  for (const name of ['MDT_DEVICE', 'MDT_USERNAME', 'MDT_PASSWORD', 'MDT_ENV_WHITELIST']) delete env[name];
  await mkdir(join(folder, 'models', 'deep'), { recursive: true });
  for (const name of FILES) await writeFile(join(folder, name), randomBytes(name.endsWith('.txt') ? 300 : 3_000_000));
  await writeFile(join(folder, 'hello-coral_1.0_arm64.deb'), makePackage());
  return { folder, env };
}

/** `mdt virtual-board` in the background, until `stop`. */
async function startBoard(host) {
  const name = `demo-otter-${randomBytes(2).toString('hex')}`;
  const words = ['virtual-board', '--name', name, '--root', join(host.folder, 'board')];
  console.log(`$ mdt virtual-board --name ${name} &`);
  const child = spawn(process.execPath, [program, ...words, '--json'], {
    cwd: host.folder,
    env: host.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = new Promise(resolve => child.once('close', resolve));
  const stop = async () => {
    child.kill('SIGINT');
    await closed;
  };
  try {
    const line = await firstLine(child, closed);
    return { name, ...JSON.parse(line), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function firstLine(child, closed) {
  let out = '';
  let err = '';
  child.stderr.on('data', data => (err += data));
  return new Promise((resolve, reject) => {
    child.stdout.on('data', data => {
      out += data;
      if (out.includes('\n')) resolve(out.slice(0, out.indexOf('\n')));
    });
    closed.then(() => reject(new Error(`the virtual board did not start. ${err.trim()}`)));
    ending.signal.addEventListener('abort', () => reject(ending.signal.reason), { once: true });
  });
}

/** Its name, or its address where this host cannot hear multicast on loopback; then it is also given the key by hand. */
async function deviceOf(host, board) {
  const byAddress = process.argv.includes('--by-address');
  const found = byAddress ? 1 : (await run(host, ['wait-for-device', board.name, '--timeout', '5'], 'ignore')).code;
  if (found === 0) return board.name;
  console.log(`
Boards on the loopback interface are not heard on this host, so this one is named by its address. The service that
takes a new host's key is announced the same way; the key is put on the board by hand instead.`);
  await run(host, ['genkey'], 'ignore');
  const keys = join(board.root, 'home', 'mendel', '.ssh');
  await mkdir(keys, { recursive: true });
  await writeFile(join(keys, 'authorized_keys'), await publicKeyLine(join(host.env.MDT_CONFIG_DIR, 'keys', 'mdt.key')));
  return `${board.address}:${board.sshPort}`;
}

/** `ssh-rsa AAAA… mdt` of a private key: name, exponent and modulus, each with its length before it (RFC 4253, 6.6). */
async function publicKeyLine(keyFile) {
  const { e, n } = createPublicKey(await readFile(keyFile)).export({ format: 'jwk' });
  const fields = [Buffer.from('ssh-rsa'), Buffer.from(e, 'base64url'), Buffer.from(`00${hexOf(n)}`, 'hex')];
  const blob = Buffer.concat(fields.flatMap(field => [uint32(field.length), field]));
  return `ssh-rsa ${blob.toString('base64')} mdt\n`;
}

function hexOf(base64url) {
  return Buffer.from(base64url, 'base64url').toString('hex');
}

function uint32(value) {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

/** Sums of what was sent, of what is on the board and of what came back. */
async function compare(host) {
  const paths = FILES.map(name => `/home/mendel/${name}`);
  const { out } = await mdt(host, ['exec', '--', 'sha256sum', ...paths], 'pipe');
  const onBoard = out.split('\n').map(line => line.slice(0, 64));
  for (const [index, name] of FILES.entries()) {
    const sums = [await sumOf(join(host.folder, name)), onBoard[index], await sumOf(join(host.folder, 'back', name))];
    if (new Set(sums).size !== 1) throw new Error(`${name} is not what it was: ${sums.join(', ')}`);
    console.log(`  ${sums[0].slice(0, 16)}…  same here, on the board and back   ${name}`);
  }
}

async function sumOf(path) {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** Shows a command line, runs it, shows what it says. Fails if it does. */
async function mdt(host, words, output = 'inherit') {
  console.log(`$ mdt ${words.map(word => (/^[\w./:=@-]+$/.test(word) ? word : `'${word}'`)).join(' ')}`);
  const result = await run(host, words, output);
  if (output === 'pipe') process.stdout.write(result.out);
  if (result.code !== 0) throw new Error(`\`mdt ${words.join(' ')}\` ended with ${result.code}.`);
  return result;
}

/** `inherit`: its output goes to this terminal; `pipe`: stdout is returned; `ignore`: nothing of it is seen. */
async function run(host, words, output) {
  ending.signal.throwIfAborted();
  const child = spawn(process.execPath, [program, ...words], {
    cwd: host.folder,
    env: host.env,
    stdio: ['ignore', output, output === 'ignore' ? 'ignore' : 'inherit'],
  });
  const end = () => child.kill('SIGINT');
  ending.signal.addEventListener('abort', end);
  let out = '';
  child.stdout?.on('data', data => (out += data));
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve(status ?? signal));
  });
  ending.signal.removeEventListener('abort', end);
  ending.signal.throwIfAborted();
  return { code, out };
}

function say(text) {
  console.log(`\n# ${text}`);
}

/** A small Debian package with one file: an ar archive (man 5 ar) of a version and two tar archives (man 5 deb). */
function makePackage() {
  const control = [
    'Package: hello-coral',
    'Version: 1.0',
    'Architecture: arm64',
    'Maintainer: Nobody <nobody@example.com>',
    'Description: says hello',
    '',
  ].join('\n');
  return Buffer.concat([
    Buffer.from('!<arch>\n'),
    arMember('debian-binary', Buffer.from('2.0\n')),
    arMember('control.tar.gz', gzipSync(tarFile('./control', control))),
    arMember('data.tar.gz', gzipSync(tarFile('./usr/share/hello-coral/greeting', 'Hello from a package.\n'))),
  ]);
}

function arMember(name, content) {
  const fields = [name.padEnd(16), '0'.padEnd(12), '0'.padEnd(6), '0'.padEnd(6), '100644'.padEnd(8)];
  const header = `${fields.join('')}${String(content.length).padEnd(10)}\`\n`;
  return Buffer.concat([Buffer.from(header), content, Buffer.alloc(content.length % 2, '\n')]);
}

/** A tar archive (ustar) with one file: header block, content in whole blocks, two empty blocks. */
function tarFile(name, text) {
  const octal = (value, length) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  const numbers = [octal(0o644, 8), octal(0, 8), octal(0, 8), octal(text.length, 12), octal(0, 12)];
  const start = Buffer.from(`${name.padEnd(100, '\0')}${numbers.join('')}`);
  const header = Buffer.concat([start, Buffer.from('        0'), Buffer.alloc(512)], 512);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 7)} `, 148);
  const blocks = Math.ceil(text.length / 512);
  return Buffer.concat([header, Buffer.from(text.padEnd(blocks * 512, '\0')), Buffer.alloc(1024)]);
}
