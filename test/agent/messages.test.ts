import test from 'ava';
import fc from 'fast-check';
import { Readable } from 'node:stream';
import { ProtocolError } from '../../src/errors.js';
import { readLines } from '../../src/agent/line-reader.js';
import { MAX_LINE_BYTES, parseAgentLine, parseHostLine, writeHostLine } from '../../src/agent/messages.js';
import { messagesSchema } from '../../src/agent/messages-schema.js';
import { messageProblems } from '../fixtures/schemas.js';
import { cpuRun } from './local-agent.js';

const progress = { type: 'progress', id: '1', phase: 'running', model: 'm', done: 3 };

test('a message is read as its type says, and unknown fields are left out', t => {
  t.deepEqual<unknown, unknown>(parseAgentLine(JSON.stringify({ ...progress, total: 9, news: 1 })), {
    ...progress,
    total: 9,
  });
  t.deepEqual<unknown, unknown>(parseAgentLine(JSON.stringify(progress)), progress);
  const request = { type: 'run', id: '1', ...cpuRun('/m') } as const;
  t.deepEqual<unknown, unknown>(parseHostLine(writeHostLine(request).trimEnd()), request);
});

test('what is no message is a protocol error that carries its beginning', t => {
  const bad = [
    '',
    'Traceback (most recent call last):',
    '[]',
    'null',
    '{"type":"constructor"}',
    '{"type":7}',
    JSON.stringify({ ...progress, done: -1 }),
    JSON.stringify({ ...progress, done: 1e300 }),
    JSON.stringify({ ...progress, phase: 'dancing' }),
    JSON.stringify({ type: 'progress' }),
    JSON.stringify({
      type: 'samples',
      id: '1',
      model: 'm',
      stream: 0,
      startedNs: 0,
      endedNs: 0,
      ns: Array(20_000).fill(1),
    }),
    ' '.repeat(MAX_LINE_BYTES + 1),
  ];
  for (const line of bad) {
    const error = t.throws(() => parseAgentLine(line), { instanceOf: ProtocolError }, line.slice(0, 60));
    t.is(error.facts['bytes'], line.slice(0, 200));
  }
});

test('nothing that a board may send makes the reader fail in another way', t => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('hello', 'samples', 'telemetry', 'result', 'error'), (value, type) => {
      try {
        parseAgentLine(
          JSON.stringify(value !== null && typeof value === 'object' ? Object.assign(value, { type }) : value),
        );
      } catch (error) {
        t.true(error instanceof ProtocolError);
      }
    }),
  );
});

test('the schema takes what is sent, and refuses what is no message', t => {
  const run = { type: 'run', id: '1', ...cpuRun('/m') } as const;
  t.is(messageProblems(run), '');
  t.is(messageProblems(JSON.parse(writeHostLine({ type: 'bye' }))), '');
  t.is(messageProblems(progress), '');
  for (const wrong of [{ ...run, runs: 0 }, { ...run, target: 'gpu' }, { ...progress, phase: 'dancing' }, {}, null]) {
    t.not(messageProblems(wrong), '', JSON.stringify(wrong));
  }
});

test('a request that the agent would refuse is not sent', t => {
  t.throws(() => writeHostLine({ type: 'run', id: '1', ...cpuRun('/m', { streams: 0 }) }), {
    instanceOf: ProtocolError,
  });
});

test('lines are found wherever the chunks end', async t => {
  const bytes = Buffer.from('one\ntwö\n\nlast, without an end');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length)), async cuts => {
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      const lines: string[] = [];
      for await (const line of readLines(Readable.from(chunks.filter(chunk => chunk.length > 0)))) lines.push(line);
      t.deepEqual(lines, ['one', 'twö', '']);
    }),
  );
});

test('a line without end is refused before it fills the memory', async t => {
  const chunk = Buffer.alloc(64 * 1024, 0x78);
  const endless = Readable.from(
    (function* () {
      for (;;) yield chunk;
    })(),
  );
  await t.throwsAsync(
    async () => {
      for await (const line of readLines(endless)) t.fail(line.slice(0, 10));
    },
    { instanceOf: ProtocolError },
  );
});

test('the schema that is published names every message and what it needs', t => {
  const schema = messagesSchema() as { $defs: Record<string, { required?: string[]; properties?: object }> };
  t.deepEqual(Object.keys(schema.$defs), [
    'agent',
    'host',
    'hello',
    'progress',
    'samples',
    'telemetry',
    'loaded',
    'trained',
    'result',
    'error',
    'run',
    'cancel',
    'bye',
  ]);
  t.deepEqual(schema.$defs['progress']?.required, ['type', 'id', 'phase', 'model', 'done']);
  t.deepEqual(JSON.parse(JSON.stringify(schema)), schema);
});
