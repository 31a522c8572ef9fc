import { execFile, spawnSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { withDeadline } from '../../src/time/deadline.js';
import { until } from '../../src/time/retry.js';
import { startTcpServer } from '../fakes/tcp-server.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { MDT_PROGRAM } from '../fixtures/mdt-process.js';
import { tempDir } from '../fixtures/temp-dir.js';

const hasTmux = spawnSync('tmux', ['-V']).status === 0;
const onTerminal = hasTmux ? test : test.skip;
const why = hasTmux ? '' : ' (no tmux here)';

class Terminal {
  readonly #socket: string;

  constructor(t: ExecutionContext, folder: string) {
    this.#socket = join(folder, 'tmux');
    t.teardown(() => this.#tmux('kill-server').catch(() => undefined));
  }

  async run(script: string): Promise<void> {
    await this.#tmux('-f', '/dev/null', 'new-session', '-d', '-x', '90', '-y', '20', 'sh', '-c', script);
  }

  async type(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys);
  }

  /** Waits until the screen matches. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    return await soon(`${String(pattern)} on the screen`, async () => {
      return pattern.exec(await this.#tmux('capture-pane', '-p', '-J')) ?? undefined;
    });
  }

  async hangUp(): Promise<void> {
    await this.#tmux('kill-server');
  }

  async #tmux(...words: string[]): Promise<string> {
    return (await promisify(execFile)('tmux', ['-S', this.#socket, ...words])).stdout;
  }
}

async function soon<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
  const deadline = { operation: `waiting for ${what}`, timeoutMs: 55_000 };
  return await withDeadline(deadline, signal => until({ intervalMs: 50, signal }, attempt));
}

const endings = [
  { name: 'exit', keys: ['exit 7', 'Enter'], code: 7 },
  { name: 'Enter ~ .', keys: ['Enter', '~.'], code: 255 },
];
for (const { name, keys, code } of endings) {
  onTerminal(`after a shell that ends by ${name} the terminal is as it was${why}`, async t => {
    const { configDir } = await boardOnDesk(t);
    const terminal = new Terminal(t, configDir);
    const before = join(configDir, 'before');
    const after = join(configDir, 'after');
    await terminal.run(
      `stty -g > ${before}; MDT_CONFIG_DIR=${configDir} ${process.execPath} ${MDT_PROGRAM} shell swift-otter; ` +
        `echo "ended with $?"; stty -g > ${after}; echo done; read wait`,
    );
    await terminal.shows(/mendel@swift-otter/);
    await terminal.type('stty size', 'Enter');
    await terminal.shows(/^20 90$/m);
    await terminal.type(...keys);
    await terminal.shows(/^done$/m);
    await terminal.shows(new RegExp(`^Connection to swift-otter closed\\.\\nended with ${String(code)}$`, 'm'));
    t.is(await readFile(after, 'utf8'), await readFile(before, 'utf8'));
  });
}

const consoleEndings = [
  { name: 'Enter ~ .', code: 0, end: ({ terminal }) => terminal.type('Enter', '~.') },
  { name: 'the cable', code: 5, end: ({ board }) => board.destroy() },
  { name: 'kill', code: 143, end: async ({ pid }) => process.kill(await pid()) },
] as const satisfies readonly ConsoleEnding[];

interface ConsoleEnding {
  readonly name: string;
  readonly code: number;
  readonly end: (scene: { terminal: Terminal; board: Socket; pid: () => Promise<number> }) => unknown;
}

for (const { name, code, end } of consoleEndings) {
  onTerminal(`after a console that ends by ${name} the terminal is as it was${why}`, async t => {
    const folder = await tempDir(t);
    const connected = new EventEmitter();
    const connection = once(connected, 'socket') as Promise<[Socket]>;
    const { port } = await startTcpServer(t, socket => connected.emit('socket', socket));
    const terminal = new Terminal(t, folder);
    const [before, after, pidFile] = ['before', 'after', 'pid'].map(file => join(folder, file)) as [
      string,
      string,
      string,
    ];
    await terminal.run(
      `stty -g > ${before}; MDT_CONFIG_DIR=${folder} sh -c 'echo $$ > ${pidFile}; exec ${process.execPath} ${MDT_PROGRAM} ` +
        `console tcp:127.0.0.1:${String(port)}'; echo "ended with $?"; stty -g > ${after}; echo done; read wait`,
    );
    const [board] = await connection;
    board.write('\r\nu-boot=> ');
    await terminal.shows(/u-boot=>/);
    await terminal.type('C-c');
    t.is(String((await once(board, 'data'))[0]), '\x03');
    await end({ terminal, board, pid: async () => Number(await readFile(pidFile, 'utf8')) });
    await terminal.shows(/^done$/m);
    await terminal.shows(new RegExp(`^ended with ${String(code)}$`, 'm'));
    t.is(await readFile(after, 'utf8'), await readFile(before, 'utf8'));
  });
}

onTerminal(`a terminal that is hung up ends the command in order${why}`, async t => {
  const folder = await tempDir(t);
  const terminal = new Terminal(t, folder);
  await terminal.run(`TMPDIR=${folder} MDT_CONFIG_DIR=${folder} ${process.execPath} ${MDT_PROGRAM} virtual-board`);
  await terminal.shows(/Press Ctrl-C/);
  const boards = async (): Promise<string[]> => (await readdir(folder)).filter(name => name.startsWith('mdt-virtual'));
  t.is((await boards()).length, 1);
  await terminal.hangUp();
  await soon('the files of the board to go', async () => ((await boards()).length === 0 ? true : undefined));
});
