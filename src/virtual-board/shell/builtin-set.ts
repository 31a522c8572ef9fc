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
  const rest = [...args];
  let ended = false;
  while (!ended && /^[-+]./.test(rest[0] ?? '')) {
    const flag = rest.shift() ?? '';
    ended = flag === '--';
    const unknown = ended ? undefined : applyFlags(state.options, flag, rest[0]);
    if (unknown !== undefined) {
      await shell.complain(`set: ${unknown}: invalid option`, running);
      return 2;
    }
    if (flag.includes('o')) rest.shift();
  }
  if (ended || rest.length > 0) state.positional = rest;
  return 0;
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
