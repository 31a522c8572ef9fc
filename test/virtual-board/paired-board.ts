import { once } from 'node:events';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { generateEd25519 } from '../../src/keys/openssh-key.js';
import { identityOf } from '../../src/keys/public-line.js';
import ssh2, { type ClientChannel, type ExecOptions, type SFTPWrapper } from 'ssh2';
import {
  startVirtualBoard,
  type VirtualBoard,
  type VirtualBoardOptions,
} from '../../src/virtual-board/virtual-board.js';

export interface Result {
  readonly code: number | null;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A board that is not announced, and one connection to it that is logged in with a key the board knows. */
export interface PairedBoard {
  readonly board: VirtualBoard;
  readonly client: ssh2.Client;
  readonly privateKey: string;
  /** Path on this host of a path on the board. */
  readonly path: (boardPath: string) => string;
  readonly exec: (command: string, options?: ExecOptions) => Promise<ClientChannel>;
  readonly run: (command: string, input?: string | Buffer) => Promise<Result>;
  readonly sftp: () => Promise<SFTPWrapper>;
}

export async function pairedBoard(t: ExecutionContext, options: VirtualBoardOptions = {}): Promise<PairedBoard> {
  const board = await startVirtualBoard({ announce: false, rebootMs: 50, ...options });
  t.teardown(() => board.close());
  const privateKey = await generateEd25519('test');
  await board.setAuthorizedKeys([identityOf(privateKey).publicLine]);
  const client = await connect(board, privateKey);
  t.teardown(() => client.destroy());
  return {
    board,
    client,
    privateKey,
    path: boardPath => join(board.rootDir, boardPath),
    exec: (command, execOptions) => exec(client, command, execOptions),
    run: (command, input) => run(client, command, input),
    sftp: () =>
      new Promise((resolve, reject) => {
        client.sftp((error, sftp) => {
          if (error) reject(error);
          else resolve(sftp);
        });
      }),
  };
}

/** Logs in; rejects with the client's error. */
export async function connect(board: VirtualBoard, privateKey: string): Promise<ssh2.Client> {
  const client = new ssh2.Client();
  client.connect({ host: board.address, port: board.sshPort, username: 'mendel', privateKey });
  await once(client, 'ready');
  client.on('error', () => undefined);
  return client;
}

function exec(client: ssh2.Client, command: string, options: ExecOptions = {}): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, options, (error, channel) => {
      if (error) reject(error);
      else resolve(channel);
    });
  });
}

function run(client: ssh2.Client, command: string, input?: string | Buffer): Promise<Result> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      // At once: a short command's end may come with the same packet.
      resolve(collect(channel));
      channel.end(input);
    });
  });
}

/** Everything a command says, and how it ended. */
export async function collect(channel: ClientChannel): Promise<Result> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  channel.on('data', (data: Buffer) => out.push(data));
  channel.stderr.on('data', (data: Buffer) => err.push(data));
  let ending: [code: number | null, signal: string | undefined] = [null, undefined];
  channel.on('exit', (code: number | null, signal?: string) => {
    ending = [code, signal];
  });
  await once(channel, 'close');
  const [code, signal] = ending;
  return { code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}
