import { PassThrough } from 'node:stream';
import test from 'ava';
import { talkToAgent, type ByteChannel, type ChannelExit } from '../../src/agent/client.js';
import { AbortedError, MdtError, ProtocolError, TimeoutError, TransportError } from '../../src/errors.js';
import { cpuRun } from './local-agent.js';

const HELLO = {
  type: 'hello',
  protocol: 1,
  agent: '1.0',
  python: '3.7.3',
  board: { model: null, kernel: '4.14', mendel: 'eagle', machine: 'aarch64' },
  runtimes: [],
  libraries: [],
  tpus: [],
  simulated: true,
  clockMs: 0,
};

interface Script extends ByteChannel {
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  readonly heard: () => { type: string; id: string }[];
  isClosed: boolean;
  say: (...messages: object[]) => void;
  /** The program at the other end ends so. */
  end: (exit: ChannelExit) => void;
}

/** The other end of a channel, played by the test. */
function script(): Script {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  let heard = '';
  stdin.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
  });
  let resolveExit: (exit: ChannelExit) => void = () => undefined;
  const channel: Script = {
    stdin,
    stdout,
    stderr: new PassThrough(),
    exit: new Promise<ChannelExit>(resolve => {
      resolveExit = resolve;
    }),
    isClosed: false,
    close: () => {
      channel.isClosed = true;
      channel.end({ kind: 'lost' });
    },
    heard: () =>
      heard
        .split('\n')
        .filter(Boolean)
        .map(line => JSON.parse(line) as { type: string; id: string }),
    say: (...messages) => {
      for (const message of messages) stdout.write(`${JSON.stringify(message)}\n`);
    },
    end: exit => {
      stdout.end();
      resolveExit(exit);
    },
  };
  return channel;
}

test('an agent that says nothing is given up at the deadline, and its channel closed', async t => {
  const channel = script();
  await t.throwsAsync(talkToAgent(channel, { helloTimeoutMs: 50 }), { instanceOf: TimeoutError });
  t.true(channel.isClosed);
});

test('a board without python3 is told as one', async t => {
  const channel = script();
  channel.end({ kind: 'exit', code: 127 });
  const error = await t.throwsAsync(talkToAgent(channel), { instanceOf: MdtError });
  t.is(error.code, 'NO_PYTHON');
  t.truthy(error.hint);
});

test('something else that answers is a protocol error', async t => {
  const channel = script();
  channel.stdout.write('Welcome to Mendel!\n');
  await t.throwsAsync(talkToAgent(channel), { instanceOf: ProtocolError });
  t.true(channel.isClosed);
  const future = script();
  future.say({ ...HELLO, protocol: 2 });
  await t.throwsAsync(talkToAgent(future), { instanceOf: ProtocolError });
});

test('a connection that is lost in the middle of a run is told with what was on stderr', async t => {
  const channel = script();
  channel.say(HELLO);
  const agent = await talkToAgent(channel);
  channel.stderr.write('\u001b[31mlibedgetpu: oh no\n');
  const run = agent.run(cpuRun('/m')).next();
  channel.end({ kind: 'lost' });
  const error = await t.throwsAsync(run, { instanceOf: TransportError });
  t.regex(error.message, /the connection was lost/);
  t.regex(String(error.facts['stderr']), /^\[31mlibedgetpu: oh no/);
});

test('silence in a run is a timeout', async t => {
  const channel = script();
  channel.say(HELLO);
  const agent = await talkToAgent(channel, { silenceTimeoutMs: 50 });
  await t.throwsAsync(agent.run(cpuRun('/m')).next(), { instanceOf: TimeoutError });
});

test('what a run says is told in order, and what others say is not', async t => {
  const channel = script();
  channel.say(HELLO);
  const agent = await talkToAgent(channel);
  const run = agent.run(cpuRun('/m'));
  const first = run.next();
  const id = channel.heard()[0]?.id ?? '';
  const progress = { type: 'progress', phase: 'loading', model: 'm', done: 0 };
  channel.say({ ...progress, id: 'another' }, { ...progress, id });
  t.like((await first).value, { type: 'progress', id });
  channel.say({ type: 'result', id, endedBy: 'runs', governorRestored: true });
  t.is((await run.next()).value?.type, 'result');
  t.true((await run.next()).done);
});

test('an aborted run is cancelled, and ends with what the agent still tells', async t => {
  const channel = script();
  channel.say(HELLO);
  const agent = await talkToAgent(channel);
  const controller = new AbortController();
  const next = agent.run(cpuRun('/m'), controller).next();
  controller.abort();
  const [run, cancel] = channel.heard();
  t.is(cancel?.type, 'cancel');
  t.is(cancel?.id, run?.id);
  channel.say({ type: 'result', id: run?.id, endedBy: 'cancelled', governorRestored: true });
  t.like((await next).value, { endedBy: 'cancelled' });
});

test('a start that is aborted says so', async t => {
  const channel = script();
  await t.throwsAsync(talkToAgent(channel, { signal: AbortSignal.abort() }), { instanceOf: AbortedError });
  t.true(channel.isClosed);
});

test('goodbye is said, and the end is waited for', async t => {
  const channel = script();
  channel.say(HELLO);
  const agent = await talkToAgent(channel);
  const closed = agent.close();
  t.is(channel.heard().at(-1)?.type, 'bye');
  channel.end({ kind: 'exit', code: 0 });
  await closed;
  t.true(channel.isClosed);
});
