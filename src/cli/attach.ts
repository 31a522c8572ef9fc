import type { Transform } from 'node:stream';
import type { RemoteExit, RemoteProcess } from '../ssh/session.js';
import { onAbort } from '../time/deadline.js';
import { exitCodeOfSignal } from './interruption.js';
import type { CliIo } from './io.js';

/** Exit code where the connection itself failed, as ssh has it. */
export const CONNECTION_FAILED = 255;

/**
 * Connects the streams of this command to a program on the board, byte for byte, until the program has ended.
 * `filter` sees what is typed before the board does. Input that the program does not take is left alone: a program
 * that ends early ends the command, however much input there still is. Whoever starts the program gives it the signal of
 * `io`, which ends it.
 */
export async function attach(io: CliIo, remote: RemoteProcess, filter?: Transform): Promise<RemoteExit> {
  const input = filter ?? remote.stdin;
  const onInputError = (): void => {
    remote.stdin.end();
  };
  let stopListening = (): void => undefined;
  // sshd may keep a channel open until the program has ended, however clear the wish to leave.
  const interrupted = new Promise<RemoteExit>(resolve => {
    stopListening = onAbort(io.signal, () => {
      resolve({ kind: 'lost' });
    });
  });
  // The program went away while we wrote to it: its exit tells what there is to tell.
  remote.stdin.on('error', () => undefined);
  io.stdin.on('error', onInputError);
  remote.stdout.pipe(io.stdout, { end: false });
  remote.stderr.pipe(io.stderr, { end: false });
  filter?.pipe(remote.stdin);
  io.stdin.pipe(input);
  try {
    return await Promise.race([remote.exit, interrupted]);
  } finally {
    stopListening();
    io.stdin.unpipe(input);
    io.stdin.pause();
    io.stdin.off('error', onInputError);
  }
}

/** The exit code that tells how the program on the board ended. */
export function exitCodeOf(exit: RemoteExit): number {
  switch (exit.kind) {
    case 'exit':
      return exit.code;
    case 'signal':
      return exitCodeOfSignal(exit.signal);
    case 'lost':
      return CONNECTION_FAILED;
  }
}
