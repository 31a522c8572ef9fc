// What a board says reaches the terminal and the journal without control characters, whatever it is.
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { mdt } from '../fakes/cli-io.js';
import { startTcpServer } from '../fakes/tcp-server.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { SMALL_BOARD, testRelease, writeFolder } from '../flash/release.js';

/** Sets the title of a terminal, clears its line, turns the direction of text, and begins an escape in one byte of C1. */
const HOSTILE = '\x1b]0;owned\x07\r\x1b[2K\u202e\u009b31m';

/** Answers of the board as they are told on. */
type Rewrite = (command: string, answer: string) => readonly string[];

/** Stands between a client and fastboot over TCP on `port`. */
async function startTranslator(t: ExecutionContext, port: number, rewrite: Rewrite): Promise<number> {
  const translator = await startTcpServer(t, client => {
    const board = connect(port, '127.0.0.1');
    let command = '';
    board.on('error', () => client.destroy());
    board.on('close', () => client.destroy());
    client.on('close', () => board.destroy());
    client.on('data', chunk => {
      command = /(?:getvar|flash|download):[\w:.-]+$/.exec(chunk.toString('latin1'))?.[0] ?? command;
      board.write(chunk);
    });
    const unpack = unpacker(answer => {
      for (const text of rewrite(command, answer)) client.write(pack(text));
    });
    board.once('data', (greeting: Buffer) => {
      client.write(greeting.subarray(0, GREETING_BYTES));
      unpack(greeting.subarray(GREETING_BYTES));
      board.on('data', unpack);
    });
  });
  return translator.port;
}

/** `FB01`, and then packets with their length in eight bytes before them: fastboot/README.md of AOSP. */
const GREETING_BYTES = 4;
const LENGTH_BYTES = 8;

function pack(text: string): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64BE(BigInt(Buffer.byteLength(text)));
  return Buffer.concat([length, Buffer.from(text)]);
}

function unpacker(onPacket: (text: string) => void): (chunk: Buffer) => void {
  let waiting = Buffer.alloc(0);
  return chunk => {
    waiting = Buffer.concat([waiting, chunk]);
    while (waiting.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + Number(waiting.readBigUInt64BE(0));
      if (waiting.length < end) return;
      onPacket(waiting.toString('latin1', LENGTH_BYTES, end));
      waiting = waiting.subarray(end);
    }
  };
}

/** Flashes the root file system of a board whose answers are rewritten. */
async function flashThrough(
  t: ExecutionContext,
  rewrite: Rewrite,
): Promise<{ code: number; shown: string; journal: string }> {
  const { board, configDir } = await boardOnDesk(t, { bootloader: SMALL_BOARD });
  await board.reboot('bootloader');
  const port = await startTranslator(t, board.fastbootPort ?? 0, rewrite);
  const folder = await writeFolder(join(await tempDir(t), 'release'), testRelease());
  const words = ['--yes', '--no-reboot', '--partition', `rootfs=${join(folder, 'rootfs_arm64.img')}`];
  const { code, out, err } = await mdt({ configDir }, 'flash', '-d', `tcp:127.0.0.1:${String(port)}`, ...words);
  const journals = join(configDir, 'flash');
  const names = await readdir(journals).catch(() => []);
  const texts = await Promise.all(names.map(name => readFile(join(journals, name), 'utf8')));
  return { code, shown: out + err, journal: [...names, ...texts].join('\n') };
}

const CONTROL = /(?!\n)[\p{Cc}\u202e]/u;

test('in the reason of a refusal and in what comes before it', async t => {
  const { code, shown, journal } = await flashThrough(t, (command, answer) =>
    command.startsWith('flash:') ? [`INFO${HOSTILE}writing`, `FAIL${HOSTILE}no more blocks`] : [answer],
  );
  t.is(code, 7, shown);
  t.regex(shown, /no more blocks/);
  t.notRegex(shown, CONTROL);
  t.not(journal, '');
  t.notRegex(journal, CONTROL);
});

for (const variable of ['product', 'serialno', 'partition-size:rootfs', 'max-download-size']) {
  test(`in the variable ${variable}`, async t => {
    const asked: string[] = [];
    const { shown, journal } = await flashThrough(t, (command, answer) => {
      asked.push(command);
      return command === `getvar:${variable}` ? [`OKAY${HOSTILE}${answer.slice(4)}`] : [answer];
    });
    t.true(asked.includes(`getvar:${variable}`), asked.join(', '));
    t.notRegex(shown, CONTROL);
    t.notRegex(journal, CONTROL);
  });
}

test('in a serial number that looks like a path', async t => {
  const { code, shown, journal } = await flashThrough(t, (command, answer) => {
    if (command.startsWith('flash:')) return ['FAIL'];
    return command === 'getvar:serialno' ? [`OKAY../../${HOSTILE}x`] : [answer];
  });
  t.is(code, 7, shown);
  t.notRegex(shown, CONTROL);
  t.regex(journal.split('\n')[0] ?? '', /^[\w%.-]+\.json$/);
  t.notRegex(journal, CONTROL);
});
