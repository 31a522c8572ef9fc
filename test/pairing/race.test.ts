import test from 'ava';
import type { SshRoute } from '../../src/device/route.js';
import { AbortedError } from '../../src/errors.js';
import { race, type AttemptControl, type RaceOptions } from '../../src/pairing/race.js';

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
    attempt: (at, { signal }) => {
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
    attempt: (at, { signal }) =>
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

/** An attempt that the test drives by hand. */
interface Hand {
  /** The route that it is on. */
  readonly address: string;
  greet(): void;
  succeed(): void;
  fail(error?: Error): void;
}

/** Attempts driven by hand, and a clock on which pauses end when the test says so. */
function driven(): {
  readonly options: Pick<RaceOptions<string>, 'attempt' | 'discard' | 'staggerMs' | 'pause'>;
  readonly log: string[];
  readonly pauses: number[];
  /** Resolves with the attempt on a route, once it has been made `times`. */
  readonly started: (address: string, times?: number) => Promise<Hand>;
  /** Resolves when somebody pauses, and ends that pause. */
  readonly passTime: () => Promise<void>;
} {
  const log: string[] = [];
  const pauses: number[] = [];
  const hands: Hand[] = [];
  let waiting: (() => void)[] = [];
  const turn = async (): Promise<void> => new Promise(resolve => setImmediate(resolve));
  const options = {
    staggerMs: 250,
    discard: () => Promise.resolve(),
    pause: async (ms: number, signal: AbortSignal): Promise<void> => {
      pauses.push(ms);
      await new Promise<void>(resolve => {
        waiting.push(resolve);
        signal.addEventListener('abort', () => {
          waiting = waiting.filter(one => one !== resolve);
          resolve();
        });
      });
    },
    attempt: async (at: SshRoute, { signal, onGreeting }: AttemptControl): Promise<string> => {
      log.push(`connect ${at.address}`);
      return new Promise<string>((resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(new AbortedError());
        });
        hands.push({
          address: at.address,
          greet: () => {
            onGreeting().then(() => log.push(`log in ${at.address}`), reject);
          },
          succeed: () => {
            resolve(at.address);
          },
          fail: (error = new Error(`no ${at.address}`)) => {
            reject(error);
          },
        });
      });
    },
  };
  return {
    options,
    log,
    pauses,
    started: async (address, times = 1) => {
      for (;;) {
        const hand = hands.filter(one => one.address === address)[times - 1];
        if (hand) return hand;
        await turn();
      }
    },
    passTime: async () => {
      while (waiting.length === 0) await turn();
      waiting.shift()?.();
      await turn();
    },
  };
}

test('the first route that greets is the only one that is logged in to, and no more routes are started', async t => {
  const { options, log, started, passTime } = driven();
  const running = race([a, b, c], options);
  const first = await started('10.0.0.1');
  await passTime();
  const second = await started('10.0.0.2');
  second.greet();
  first.greet();
  await new Promise(resolve => setTimeout(resolve, 0));
  second.succeed();
  const result = await running;
  t.is(result.kind === 'won' ? result.value : undefined, '10.0.0.2');
  t.deepEqual(log, ['connect 10.0.0.1', 'connect 10.0.0.2', 'log in 10.0.0.2']);
});

test('where the route that greeted first fails, the next one that has greeted is logged in to', async t => {
  const { options, log, started, passTime } = driven();
  const running = race([a, b], options);
  const first = await started('10.0.0.1');
  await passTime();
  const second = await started('10.0.0.2');
  first.greet();
  second.greet();
  first.fail(new Error('another host key'));
  await new Promise(resolve => setTimeout(resolve, 0));
  second.succeed();
  t.is((await running).kind, 'won');
  t.deepEqual(log.slice(2), ['log in 10.0.0.1', 'log in 10.0.0.2']);
});

test('where no other route has greeted, the next one is started at once', async t => {
  const { options, log, started } = driven();
  const running = race([a, b], options);
  const first = await started('10.0.0.1');
  first.greet();
  first.fail();
  const second = await started('10.0.0.2');
  second.greet();
  second.succeed();
  t.is((await running).kind, 'won');
  t.deepEqual(log, ['connect 10.0.0.1', 'log in 10.0.0.1', 'connect 10.0.0.2', 'log in 10.0.0.2']);
});

test('an error that no other route cures ends the race', async t => {
  const { options, log, started } = driven();
  const slow = new Error('too slow to log in');
  const running = race([a, b], { ...options, isFinal: error => error === slow });
  const first = await started('10.0.0.1');
  first.greet();
  first.fail(slow);
  const result = await running;
  t.is(result.kind === 'lost' ? result.failures[0]?.error : undefined, slow);
  t.deepEqual(log, ['connect 10.0.0.1', 'log in 10.0.0.1']);
});

test('a busy server is tried again, one connection at a time and with growing pauses', async t => {
  const { options, log, pauses, started, passTime } = driven();
  const busy = new Error('busy');
  const said: unknown[] = [];
  const retry = {
    isTemporary: (error: unknown) => error === busy,
    totalMs: 60_000,
    onRetry: (error: unknown) => said.push(error),
    random: () => 0.5,
  };
  const running = race([a], { ...options, retry });
  for (let times = 1; times <= 3; times++) {
    (await started('10.0.0.1', times)).fail(busy);
    await passTime();
  }
  const last = await started('10.0.0.1', 4);
  last.greet();
  last.succeed();
  t.is((await running).kind, 'won');
  t.deepEqual(pauses, [200, 400, 800]);
  t.deepEqual(said, [busy]);
  t.is(log.length, 5);
});

test('a server that stays busy is given up with what it said last', async t => {
  const { options, pauses, started, passTime } = driven();
  const busy = new Error('busy');
  const running = race([a], { ...options, retry: { isTemporary: () => true, totalMs: 1000, random: () => 0.5 } });
  for (let times = 1; times <= 3; times++) {
    (await started('10.0.0.1', times)).fail(busy);
    await passTime();
  }
  (await started('10.0.0.1', 4)).fail(busy);
  const result = await running;
  t.is(result.kind === 'lost' ? result.failures[0]?.error : undefined, busy);
  t.deepEqual(pauses, [200, 400, 800]);
});
