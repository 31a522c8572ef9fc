import { posix } from 'node:path';
import { errnoText } from '../storage/errno.js';
import { programs } from './commands/programs.js';
import { absolutePath, BoardProcess, isFileError, ProgramError, type Launch, type Program } from './program.js';
import { runScriptFile } from './run-shell.js';
import { MAX_DEPTH, ShellState, type ShellFlavour } from './shell-state.js';
import { runShell } from './run-shell.js';
import type { ProgramPlace, Running, Shell } from './shell.js';
import { BrokenPipeError } from './streams.js';

const SHELLS: Readonly<Record<string, ShellFlavour>> = { bash: 'bash', dash: 'sh', sh: 'sh' };
const PROGRAM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** Shells do these themselves: a broken pipe ends the shell with them. */
const SHELL_WRITERS = new Set(['echo', 'printf', 'pwd']);
/** Exit status of a program that died of SIGPIPE. */
const BROKEN_PIPE_STATUS = 141;

type Found =
  | { readonly kind: 'program'; readonly path: string; readonly program: Program }
  | { readonly kind: 'shell'; readonly path: string; readonly flavour: ShellFlavour }
  | { readonly kind: 'file'; readonly path: string };

/** Runs a program by name or path; 127 if there is none. @throws AbortedError */
export async function runProgram(shell: Shell, words: readonly string[], place: ProgramPlace): Promise<number> {
  const [name = '', ...args] = words;
  if (shell.state.depth >= MAX_DEPTH) {
    await shell.complain(`${name}: Resource temporarily unavailable`, place.running);
    return 126;
  }
  const found = await find(shell, name);
  if (found === undefined) {
    const isPath = name.includes('/');
    const text = isPath
      ? 'No such file or directory'
      : shell.state.flavour === 'sh'
        ? 'not found'
        : 'command not found';
    await shell.complain(`${name}: ${text}`, place.running);
    return 127;
  }
  if (found.kind === 'file') return runScriptFile(shell, { path: found.path, name, args }, place);
  if (found.kind === 'shell') return runShell(shell, { flavour: found.flavour, args }, place);
  return runOwn(shell, found.program, { name: posix.basename(name), args }, place);
}

/** Where a program is, as `command -v` prints it. */
export async function findProgram(shell: Shell, name: string): Promise<string | undefined> {
  return (await find(shell, name))?.path;
}

async function find(shell: Shell, name: string): Promise<Found | undefined> {
  const folder = name.includes('/') ? posix.dirname(absolutePath(shell.state.cwd, name)) : undefined;
  const base = posix.basename(name);
  if (folder === undefined) {
    for (const place of PROGRAM_FOLDERS) {
      const path = `${place}/${name}`;
      if (name !== '' && (await shell.files.stat(path).catch(() => undefined))?.isFile() === true) {
        return { kind: 'file', path };
      }
    }
  } else if (!PROGRAM_FOLDERS.includes(folder) || (await shell.files.exists(absolutePath(shell.state.cwd, name)))) {
    const path = absolutePath(shell.state.cwd, name);
    return (await shell.files.exists(path)) ? { kind: 'file', path } : undefined;
  }
  const flavour = Object.hasOwn(SHELLS, base) ? SHELLS[base] : undefined;
  if (flavour !== undefined) return { kind: 'shell', path: `/bin/${base}`, flavour };
  const known = Object.hasOwn(programs, base) ? programs[base] : undefined;
  return known === undefined ? undefined : { kind: 'program', path: `${known.folder}/${base}`, program: known.program };
}

async function runOwn(
  shell: Shell,
  program: Program,
  call: { readonly name: string; readonly args: readonly string[] },
  place: ProgramPlace,
): Promise<number> {
  const { session, state } = shell;
  const process = new BoardProcess({
    ...call,
    ...place.running.streams,
    environment: place.environment,
    cwd: state.cwd,
    user: state.user,
    board: session.board,
    control: session.control,
    signal: place.running.signal,
    terminal: session.terminal,
    launch: launcher(shell, place),
  });
  try {
    return await program(process);
  } catch (error) {
    if (error instanceof BrokenPipeError && !SHELL_WRITERS.has(call.name)) return BROKEN_PIPE_STATUS;
    if (error instanceof ProgramError) {
      await process.complain(error.message);
      return error.status;
    }
    if (!isFileError(error)) throw error;
    await process.complain(errnoText(error));
    return 1;
  }
}

/** Starts another program in a shell state of its own. */
function launcher(shell: Shell, place: ProgramPlace): Launch {
  return async (words, changes) => {
    const { state } = shell;
    const inner = new ShellState(changes.user ?? state.user, changes.cwd ?? state.cwd, 'sh');
    inner.depth = state.depth + 1;
    const environment = changes.environment ?? place.environment;
    const { streams, signal } = place.running;
    const running: Running = {
      streams: { ...streams, stdin: changes.stdin ?? streams.stdin },
      signal: changes.signal ?? signal,
      isCondition: false,
    };
    const child = shell.spawn(inner);
    for (const [variable, value] of environment) inner.export(variable, value);
    return runProgram(child, words, { running, environment });
  };
}
