import { PassThrough } from 'node:stream';
import type { RemoteExit, RemoteProcess, RunResult, SshSession } from '../../src/ssh/session.js';

export interface FakeAnswer {
  readonly stdout?: Buffer;
  readonly stderr?: string;
  readonly exit?: RemoteExit;
}

/** A board that answers each command with what `answer` says, whatever the command was: for boards that lie. */
export function fakeSession(answer: (command: string) => FakeAnswer): SshSession {
  const exec = (command: string): Promise<RemoteProcess> => {
    const { stdout = Buffer.alloc(0), stderr = '', exit = { kind: 'exit', code: 0 } } = answer(command);
    const [input, output, complaints] = [new PassThrough(), new PassThrough(), new PassThrough()];
    input.resume();
    output.end(stdout);
    complaints.end(stderr);
    return Promise.resolve({
      stdin: input,
      stdout: output,
      stderr: complaints,
      exit: Promise.resolve(exit),
      resize: () => undefined,
      kill: () => undefined,
      close: () => undefined,
    });
  };
  const run = (command: string): Promise<RunResult> => {
    const { stdout = Buffer.alloc(0), stderr = '', exit = { kind: 'exit', code: 0 } } = answer(command);
    return Promise.resolve({ exit, stdout, stderr: Buffer.from(stderr) });
  };
  const never = (): never => {
    throw new Error('this board has nothing else');
  };
  return {
    hostKey: { algorithm: 'ssh-ed25519', blob: Buffer.alloc(0) },
    serverVersion: 'fake',
    closed: new Promise(() => undefined),
    exec,
    run,
    shell: never,
    sftp: never,
    connectFrom: never,
    listenOn: never,
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
