// From U-Boot's prompt into fastboot and back, as a board's own U-Boot has it.
import test from 'ava';
import { enterFastboot, leaveFastboot } from '../../src/console/enter-fastboot.js';
import { BoardRefusedError, TimeoutError } from '../../src/errors.js';
import { commandLine, FakeConsole } from '../fakes/console.js';

type FastbootKind = 'answers keys' | 'takes keys in silence' | 'listens on the network' | 'has no cable' | 'is unknown';

/** A board that counts down, and whose U-Boot begins fastboot in one of several ways. */
function board(kind: FastbootKind, said = 'U-Boot 2017.03.3\r\nHit any key to stop autoboot:  3 '): FakeConsole {
  let place: 'countdown' | 'prompt' | 'fastboot' = 'countdown';
  const prompt = commandLine({
    prompt: 'u-boot=> ',
    run: line => {
      if (line !== 'fastboot 0') return '';
      if (kind === 'has no cable') return '\rUSB cable not detected.\r\nCommand exit.\r\n';
      if (kind === 'is unknown') return "Unknown command 'fastboot' - try 'help'\r\n";
      place = 'fastboot';
      return undefined;
    },
  });
  const self = new FakeConsole(keys => {
    if (place === 'countdown') {
      place = 'prompt';
      self.say('\b\b\b 0 \r\nu-boot=> ');
    } else if (place === 'prompt') {
      prompt(keys, self);
      if (kind === 'listens on the network' && keys === '\r')
        self.say('Listening for fastboot command on 10.0.0.7\r\n');
    } else if (keys === '\x03') self.say('\r\nu-boot=> ');
    else if (kind === 'answers keys') self.say('In fastboot mode. Press Control-C to exit.\r\n');
  });
  self.say(said);
  return self;
}

const timeouts = { startMs: 20_000, commandMs: 20_000, fastbootMs: 100 };

for (const kind of ['answers keys', 'listens on the network'] as const) {
  test(`fastboot that ${kind} has been entered when it does so`, async t => {
    const { port, typed } = board(kind);
    t.is(typed, '');
    t.deepEqual(await enterFastboot(port, { timeouts: { ...timeouts, fastbootMs: 20_000 / 100 } }), {
      evidence: 'words',
    });
  });
}

test('fastboot that takes keys in silence has been entered when the prompt does not come back', async t => {
  const self = board('takes keys in silence');
  t.deepEqual(await enterFastboot(self.port, { timeouts }), { evidence: 'silence' });
  t.true(self.typed.startsWith(' fastboot 0\r'));
});

test('a countdown that is met in its middle is stopped', async t => {
  const self = board('answers keys', '\b\b\b 2 ');
  t.deepEqual(await enterFastboot(self.port, { timeouts: { ...timeouts, fastbootMs: 5000 } }), { evidence: 'words' });
  t.true(self.typed.startsWith(' fastboot 0\r'));
});

test('Ctrl-C leads back to the prompt', async t => {
  const self = board('answers keys');
  await enterFastboot(self.port, { timeouts });
  await leaveFastboot(self.port, { timeouts });
  t.true(self.typed.endsWith('\x03'));
});

test('one that runs already is left running', async t => {
  const self = new FakeConsole((_keys, fake) => {
    fake.say('In fastboot mode. Press Control-C to exit.\r\n');
  });
  t.deepEqual(await enterFastboot(self.port, { timeouts }), { evidence: 'words' });
  t.is(self.typed, ' ');
});

test('what U-Boot says instead is told, with what to do', async t => {
  const cable = await t.throwsAsync(enterFastboot(board('has no cable').port, { timeouts }), {
    instanceOf: BoardRefusedError,
    message: 'U-Boot did not start fastboot: USB cable not detected. Command exit.',
  });
  t.regex(String(cable.hint), /USB data port/);
  const unknown = await t.throwsAsync(enterFastboot(board('is unknown').port, { timeouts }), {
    instanceOf: BoardRefusedError,
  });
  t.regex(String(unknown.hint), /no fastboot/);
});

test('a board that nobody restarts runs out of time, and the user was told what to do', async t => {
  const messages: string[] = [];
  const self = new FakeConsole();
  const error = await t.throwsAsync(
    enterFastboot(self.port, {
      timeouts: { ...timeouts, startMs: 100 },
      onProgress: event => {
        if (event.kind === 'message') messages.push(event.text);
      },
    }),
    { instanceOf: TimeoutError },
  );
  t.regex(messages.join('\n'), /Reset the board/);
  t.regex(String(error.hint), /Reset the board.*said nothing/);
});

test('a board that is reset while we wait is caught by its first words', async t => {
  const self = new FakeConsole((keys, fake) => {
    if (keys === ' ' && self.typed === ' \r ') fake.say('Hit any key to stop autoboot:  0 \r\nu-boot=> ');
    else if (self.typed.length > 3) prompt(keys, fake);
  });
  const prompt = commandLine({ prompt: 'u-boot=> ', run: () => undefined });
  const entered = enterFastboot(self.port, {
    timeouts,
    onProgress: event => {
      if (event.kind === 'message' && event.text.includes('Waiting')) self.say('U-Boot SPL 2017.03.3\r\n');
    },
  });
  t.deepEqual(await entered, { evidence: 'silence' });
});
