import test from 'ava';
import { Interruption } from '../../src/cli/interruption.js';
import { Printer } from '../../src/cli/output/printer.js';
import { reportError } from '../../src/cli/report-error.js';
import { readEnvironment } from '../../src/config/environment.js';
import { AbortedError, MdtError, TimeoutError, TransportError, UsageError } from '../../src/errors.js';
import { FakeIo } from '../fakes/cli-io.js';

interface Reported {
  readonly code: number;
  readonly err: string;
}

function report(error: unknown, options: { env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {}): Reported {
  const io = new FakeIo({ configDir: '/nowhere' });
  const environment = readEnvironment(options.env ?? {});
  const signal = options.signal ?? new AbortController().signal;
  const code = reportError(error, { printer: new Printer(io), environment, signal });
  return { code, err: io.err };
}

test('an error is a sentence, a hint, and the exit code of its family', t => {
  t.deepEqual(report(new UsageError('That is wrong.', { hint: 'Do this.' })), {
    code: 2,
    err: 'error: That is wrong.\nhint: Do this.\n',
  });
  t.deepEqual(report(new TransportError('No route.')), { code: 5, err: 'error: No route.\n' });
  t.is(report(new TimeoutError('waiting', 1000)).code, 8);
});

test('what a board says in an error cannot steer the terminal', t => {
  const { err } = report(new MdtError('io', 'X', 'bad \u001b[2J\u009b1mname', { hint: 'see \u0007\u202eit' }));
  t.is(err, 'error: bad [2J1mname\nhint: see it\n');
});

test('MDT_DEBUG shows the stack and the cause', t => {
  const error = new TransportError('No route.', { cause: new Error('EHOSTUNREACH') });
  const { err } = report(error, { env: { MDT_DEBUG: '1' } });
  t.regex(err, /TransportError: No route\.\n +at [^]*\ncaused by: Error: EHOSTUNREACH/);
});

test('anything else is a bug', t => {
  for (const error of [new TypeError('x is not a function'), 'thrown text', undefined]) {
    const { code, err } = report(error);
    t.is(code, 1);
    t.regex(err, /^error: mdt has run into a bug of its own\.\n/);
  }
});

test('an interruption is told as one, whatever it broke', t => {
  for (const [name, code, text] of [
    ['SIGINT', 130, 'Interrupted.\n'],
    ['SIGTERM', 143, 'Terminated.\n'],
    ['SIGHUP', 129, ''],
    ['SIGPIPE', 141, ''],
  ] as const) {
    const interruption = new Interruption(name);
    const signal = AbortSignal.abort(interruption);
    const abort = new DOMException('The operation was aborted', 'AbortError');
    for (const error of [interruption, new AbortedError(), new TransportError('Lost.'), abort]) {
      t.deepEqual(report(error, { signal }), { code, err: text });
    }
    t.is(report(new TypeError('x'), { signal }).code, 1, 'a bug stays a bug');
  }
});

test('an interruption in the middle of something says where, and what to do now', t => {
  const signal = AbortSignal.abort(new Interruption('SIGINT'));
  const error = new MdtError('aborted', 'ABORTED', 'Interrupted in step 2 of 3.', { hint: 'Go on with --resume.' });
  t.deepEqual(report(error, { signal }), {
    code: 130,
    err: 'Interrupted in step 2 of 3.\nhint: Go on with --resume.\n',
  });
});
