import test from 'ava';
import type { SshRoute } from '../../src/device/route.js';
import { AbortedError } from '../../src/errors.js';
import { race, type RaceOptions } from '../../src/pairing/race.js';

function route(address: string): SshRoute {
  return { kind: 'ssh', medium: 'lan', address, port: 22 };
}

const [a, b, c] = [route('10.0.0.1'), route('10.0.0.2'), route('10.0.0.3')];

/** Attempts that succeed, fail, or stay silent until they are aborted, by address; and a record of what happened. */
function scripted(
  script: Record<string, 'ok' | 'fail' | 'silent'>,
  more?: () => Promise<readonly SshRoute[]>,
): RaceOptions<string> & { readonly log: string[] } {
  const log: string[] = [];
  return {
    log,
    staggerMs: 10,
    ...(more ? { more } : {}),
    discard: value => {
      log.push(`discard ${value}`);
      return Promise.resolve();
    },
    attempt: (at, signal) => {
      log.push(`try ${at.address}`);
      const outcome = script[at.address];
      if (outcome === 'ok') return Promise.resolve(at.address);
      if (outcome === 'fail') return Promise.reject(new Error(`no ${at.address}`));
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          log.push(`abort ${at.address}`);
          reject(new AbortedError());
        });
      });
    },
  };
}

test('the first route wins without the others being tried', async t => {
  const options = scripted({ '10.0.0.1': 'ok', '10.0.0.2': 'ok' });
  const result = await race([a, b], options);
  t.is(result.kind === 'won' ? result.value : undefined, '10.0.0.1');
  t.deepEqual(options.log, ['try 10.0.0.1']);
});

test('a failed route gives way at once, and its error is kept', async t => {
  const result = await race([a, b], scripted({ '10.0.0.1': 'fail', '10.0.0.2': 'fail' }));
  t.is(result.kind, 'lost');
  t.deepEqual(result.kind === 'lost' ? result.failures.map(failure => String(failure.error)) : [], [
    'Error: no 10.0.0.1',
    'Error: no 10.0.0.2',
  ]);
});

test('a silent route is overtaken and then aborted', async t => {
  const options = scripted({ '10.0.0.1': 'silent', '10.0.0.2': 'ok' });
  const result = await race([a, b], options);
  t.is(result.kind === 'won' ? result.route : undefined, b);
  t.deepEqual(options.log, ['try 10.0.0.1', 'try 10.0.0.2', 'abort 10.0.0.1']);
});

test('more routes are searched for while the first is silent, and each is tried once', async t => {
  const options = scripted({ '10.0.0.1': 'silent', '10.0.0.3': 'ok' }, () => Promise.resolve([a, c]));
  const result = await race([a], options);
  t.is(result.kind === 'won' ? result.route : undefined, c);
  t.deepEqual(options.log, ['try 10.0.0.1', 'try 10.0.0.3', 'abort 10.0.0.1']);
});

test('a search that fails is told with the failures', async t => {
  const boom = new Error('no sockets');
  const result = await race(
    [a],
    scripted({ '10.0.0.1': 'fail' }, () => Promise.reject(boom)),
  );
  t.is(result.kind === 'lost' ? result.searchError : undefined, boom);
});

test('nothing to try and nothing to search is lost', async t => {
  t.is((await race([], scripted({}))).kind, 'lost');
});

test('a success that comes after the winner is given up', async t => {
  const log: string[] = [];
  let second: ((value: string) => void) | undefined;
  const result = await race<string>([a, b], {
    staggerMs: 5,
    discard: value => {
      log.push(`discard ${value}`);
      return Promise.resolve();
    },
    attempt: (at, signal) =>
      at === a
        ? new Promise(resolve => {
            signal.addEventListener('abort', () => {
              resolve('late');
            });
            second = resolve;
          })
        : Promise.resolve('early'),
  });
  t.truthy(second);
  t.is(result.kind === 'won' ? result.value : undefined, 'early');
  t.deepEqual(log, ['discard late']);
});

test('the caller can end it at any time', async t => {
  const controller = new AbortController();
  const options = scripted({ '10.0.0.1': 'silent' });
  const ended = race([a], { ...options, signal: controller.signal });
  controller.abort();
  await t.throwsAsync(ended, { instanceOf: AbortedError });
  t.true(options.log.includes('abort 10.0.0.1'));
});
