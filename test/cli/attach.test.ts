import { once } from 'node:events';
import { Readable } from 'node:stream';
import test from 'ava';
import { attach, exitCodeOf } from '../../src/cli/attach.js';
import { Interruption } from '../../src/cli/interruption.js';
import { runOnTerminal } from '../../src/cli/remote-terminal.js';
import { createCli } from '../../src/cli/cli.js';
import { FakeIo } from '../fakes/cli-io.js';
import { FakeRemoteProcess } from '../fakes/remote-process.js';
import { tempDir } from '../fixtures/temp-dir.js';

test('the streams of a program are those of the command, byte for byte', async t => {
  const io = new FakeIo({ configDir: await tempDir(t) });
  const remote = new FakeRemoteProcess();
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  remote.stdin.on('data', (chunk: Buffer) => remote.stdout.write(chunk));
  remote.stdin.on('end', () => {
    remote.stderr.write('done');
    remote.end({ kind: 'exit', code: 3 });
  });
  io.stdin.end(bytes);
  t.deepEqual(await attach(io, remote), { kind: 'exit', code: 3 });
  t.deepEqual(io.stdout.bytes, bytes);
  t.is(io.err, 'done');
});

test('a program that ends early ends the command, however much input there is', async t => {
  const endless = new Readable({
    read() {
      this.push(Buffer.alloc(65_536));
    },
  });
  const { stdout, stderr, environment, signal } = new FakeIo({ configDir: await tempDir(t) });
  const io = { stdin: endless, stdout, stderr, environment, signal };
  const remote = new FakeRemoteProcess();
  remote.stdin.once('readable', () => {
    remote.stdin.destroy(new Error('EPIPE'));
    remote.end({ kind: 'exit', code: 0 });
  });
  t.deepEqual(await attach(io, remote), { kind: 'exit', code: 0 });
  t.true(endless.isPaused());
});

test('input that cannot be read is the end of the input', async t => {
  const io = new FakeIo({ configDir: await tempDir(t) });
  const remote = new FakeRemoteProcess();
  const attached = attach(io, remote);
  remote.stdin.resume().on('end', () => {
    remote.end({ kind: 'exit', code: 0 });
  });
  io.stdin.emit('error', new Error('EISDIR'));
  t.deepEqual(await attached, { kind: 'exit', code: 0 });
});

test('an interrupted command does not wait for a program that stays', async t => {
  const controller = new AbortController();
  const io = new FakeIo({ configDir: await tempDir(t), signal: controller.signal });
  const attached = attach(io, new FakeRemoteProcess());
  controller.abort(new Interruption('SIGINT'));
  t.deepEqual(await attached, { kind: 'lost' });
});

test('under a terminal the keys are raw, sizes are passed on, and all is as before at the end', async t => {
  const io = new FakeIo({ configDir: await tempDir(t), terminal: true });
  const remote = new FakeRemoteProcess();
  const running = runOnTerminal(createCli(io), options => {
    t.like(options.pty, { columns: 100, rows: 30, term: 'xterm' });
    return Promise.resolve(remote);
  });
  t.deepEqual(await once(io.stdin, 'raw'), [true]);
  io.stdout.emit('resize');
  t.deepEqual(remote.sizes, [{ columns: 100, rows: 30 }]);
  remote.end({ kind: 'signal', signal: 'KILL' });
  t.deepEqual(await running, { kind: 'signal', signal: 'KILL' });
  t.false(io.stdin.isRaw);
  t.is(io.stdout.listenerCount('resize'), 0);
});

test('Enter ~ ? lists the escapes, Enter ~ . leaves, and neither reaches the board', async t => {
  const io = new FakeIo({ configDir: await tempDir(t), terminal: true });
  const remote = new FakeRemoteProcess();
  const running = runOnTerminal(createCli(io), () => Promise.resolve(remote));
  io.stdin.write('ls\r~?');
  await once(io.stderr, 'written');
  t.regex(io.err, /~\. {2}end the connection\r\n/);
  io.stdin.write('~.rm -rf /\r');
  await remote.closed;
  remote.end({ kind: 'lost' });
  t.deepEqual(await running, { kind: 'left' });
  t.is(String(remote.stdin.read() ?? ''), 'ls\r');
  t.false(io.stdin.isRaw);
});

test('exit codes are those of shells', t => {
  t.is(exitCodeOf({ kind: 'exit', code: 7 }), 7);
  t.is(exitCodeOf({ kind: 'signal', signal: 'KILL' }), 137);
  t.is(exitCodeOf({ kind: 'signal', signal: 'WHATEVER' }), 255);
  t.is(exitCodeOf({ kind: 'lost' }), 255);
});
