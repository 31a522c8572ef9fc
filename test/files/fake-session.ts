import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { markerLine } from '../fakes/remote-script.js';
import type { RemoteExit, RemoteProcess, RunResult, SshSession } from '../../src/ssh/session.js';

export interface FakeAnswer {
  readonly stdout?: Buffer;
  readonly stderr?: string;
  readonly exit?: RemoteExit;
  /** The answer comes from a real shell, which has printed the marker of the script itself. */
  readonly hasMarker?: boolean;
}

/** A board that answers each command with what `answer` says, whatever the command was: for boards that lie. */
export function fakeSession(answer: (command: string) => FakeAnswer): SshSession {
  const exec = (command: string): Promise<RemoteProcess> => {
    const { stdout = Buffer.alloc(0), stderr = '', hasMarker, exit = { kind: 'exit', code: 0 } } = answer(command);
    const [input, output, complaints] = [new PassThrough(), new PassThrough(), new PassThrough()];
    input.resume();
    const mark = hasMarker === true ? '' : markerLine(command);
    output.end(Buffer.concat([Buffer.from(mark), stdout]));
    complaints.end(`${mark}${stderr}`);
    const read = Promise.all([once(output, 'close'), once(complaints, 'close')]);
    return Promise.resolve({
      stdin: input,
      stdout: output,
      stderr: complaints,
      exit: read.then(() => exit),
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
