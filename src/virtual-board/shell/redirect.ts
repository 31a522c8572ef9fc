import { errnoText } from '../storage/errno.js';
import type { BoardFileSystem } from '../storage/file-system.js';
import { expandText, type Expander } from './expand.js';
import { openInput, openOutput, type Opened } from './file-streams.js';
import { absolutePath, isFileError, type Streams } from './program.js';
import { NULL_OUTPUT, TextInput, type Input, type Output } from './streams.js';
import type { Redirection } from './syntax.js';

/** A redirection that cannot be made; the command does not run. */
export class RedirectionError extends Error {}

/** Streams of a command after its redirections, and what has to be closed after it. */
export interface Redirected extends AsyncDisposable {
  readonly streams: Streams;
}

interface Descriptors {
  stdin: Input;
  stdout: Output;
  stderr: Output;
}

/** Makes redirections in their order. @throws RedirectionError, ExpansionError */
export async function redirect(
  expander: Expander,
  streams: Streams,
  redirections: readonly Redirection[],
): Promise<Redirected> {
  const opened: Opened<unknown>[] = [];
  const closeAll = async (): Promise<void> => {
    for (const item of opened) await item.close();
  };
  const descriptors: Descriptors = { ...streams };
  try {
    for (const redirection of redirections) {
      const target = await expandText(expander, redirection.target);
      const item = await open(expander, redirection, target, descriptors);
      opened.push(item);
      place(descriptors, redirection.descriptor, item.stream);
    }
  } catch (error) {
    await closeAll();
    throw error;
  }
  return { streams: descriptors, [Symbol.asyncDispose]: closeAll };
}

async function open(
  expander: Expander,
  redirection: Redirection,
  target: string,
  descriptors: Descriptors,
): Promise<Opened<Input | Output>> {
  const close = (): Promise<void> => Promise.resolve();
  if (redirection.kind === 'here') return { stream: new TextInput(target), close };
  if (redirection.kind === 'duplicate')
    return { stream: duplicate(redirection.descriptor, target, descriptors), close };
  try {
    return await openPath(expander.files, absolutePath(expander.state.cwd, target), redirection.kind);
  } catch (error) {
    if (!isFileError(error)) throw error;
    const what = redirection.kind === 'read' ? 'open' : 'create';
    const message = `cannot ${what} ${target}: ${errnoText(error)}`;
    throw new RedirectionError(expander.state.flavour === 'sh' ? message : `${target}: ${errnoText(error)}`, {
      cause: error,
    });
  }
}

function openPath(
  files: BoardFileSystem,
  path: string,
  kind: 'read' | 'write' | 'append',
): Promise<Opened<Input | Output>> {
  return kind === 'read' ? openInput(files, path) : openOutput(files, path, { append: kind === 'append' });
}

function duplicate(descriptor: number, target: string, descriptors: Descriptors): Input | Output {
  if (target === '-') return descriptor === 0 ? new TextInput() : NULL_OUTPUT;
  if (target === '0') return descriptors.stdin;
  if (target === '1') return descriptors.stdout;
  if (target === '2') return descriptors.stderr;
  throw new RedirectionError(`${target}: Bad file descriptor`);
}

function place(descriptors: Descriptors, descriptor: number, stream: Input | Output): void {
  if (descriptor === 0 && 'read' in stream) descriptors.stdin = stream;
  else if (descriptor === 1 && 'write' in stream) descriptors.stdout = stream;
  else if (descriptor === 2 && 'write' in stream) descriptors.stderr = stream;
  else throw new RedirectionError(`${String(descriptor)}: Bad file descriptor`);
}
