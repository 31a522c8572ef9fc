import type { Running, Shell } from './shell.js';
import { FLAGS, type ShellOptions } from './shell-state.js';

interface Call {
  readonly shell: Shell;
  readonly running: Running;
  readonly args: readonly string[];
}

/** `set -eu`, `set -o pipefail`, `set -- words`; alone it lists the variables. */
export async function setBuiltin({ shell, running, args }: Call): Promise<number> {
  const { state } = shell;
  if (args.length === 0) {
    const lines = [...state.variables].sort().map(([name, value]) => `${name}='${value}'\n`);
    await running.streams.stdout.write(Buffer.from(lines.join('')), running.signal);
    return 0;
  }
  for (const [index, arg] of args.entries()) {
    if (arg === '--' || !/^[-+]./.test(arg)) {
      state.positional = args.slice(arg === '--' ? index + 1 : index);
      return 0;
    }
    if (args[index - 1] === '-o' || args[index - 1] === '+o') continue;
    const unknown = applyFlags(state.options, arg, args[index + 1]);
    if (unknown !== undefined) {
      await shell.complain(`set: ${unknown}: invalid option`, running);
      return 2;
    }
    if (/^[-+]o$/.test(arg)) return setBuiltinRest(shell, running, args.slice(index + 2));
  }
  return 0;
}

function setBuiltinRest(shell: Shell, running: Running, args: readonly string[]): Promise<number> | number {
  return args.length === 0 ? 0 : setBuiltin({ shell, running, args });
}

/** Sets the options of `-eux` or `-o name`; returns the first that is not known. */
export function applyFlags(options: ShellOptions, arg: string, next: string | undefined): string | undefined {
  const value = arg.startsWith('-');
  for (const letter of arg.slice(1)) {
    if (letter === 'o') {
      if (next === undefined || !Object.hasOwn(options, next)) return next ?? '-o';
      options[next as keyof ShellOptions] = value;
    } else if (Object.hasOwn(FLAGS, letter)) {
      options[FLAGS[letter as keyof typeof FLAGS]] = value;
    } else if (!'hmBHl'.includes(letter)) {
      return `-${letter}`;
    }
  }
  return undefined;
}
