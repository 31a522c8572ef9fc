import { randomInt } from 'node:crypto';
import type { Command } from './syntax.js';

/** How errors of a shell begin: dash as `sh: 1: `, the login shell bash as `bash: `. */
export type ShellFlavour = 'bash' | 'sh';

export interface ShellOptions {
  /** `set -e` */
  errexit: boolean;
  /** `set -u` */
  nounset: boolean;
  /** `set -x` */
  xtrace: boolean;
  /** `set -o pipefail` */
  pipefail: boolean;
  /** `set -f` */
  noglob: boolean;
}

/** Shells, functions and programs inside each other; more is a script that calls itself. */
export const MAX_DEPTH = 50;

/** Everything a shell keeps between two commands. A subshell works on a copy. */
export class ShellState {
  flavour: ShellFlavour;
  user: 'root' | 'mendel';
  /** Absolute path on the board, as `pwd` prints it. */
  cwd: string;
  variables = new Map<string, string>();
  exported = new Set<string>();
  functions = new Map<string, Command>();
  /** Scripts of `trap` by `EXIT` or the name of a signal; a subshell begins without any. */
  traps = new Map<string, string>();
  /** `$$`, which a subshell shares with its parent. */
  pid = randomInt(1000, 32_000);
  isSubshell = false;
  options: ShellOptions = { errexit: false, nounset: false, xtrace: false, pipefail: false, noglob: false };
  /** `$0` and the words after it. */
  zero: string;
  positional: readonly string[] = [];
  lastStatus = 0;
  /** Status of the last `$(…)`, which an assignment alone returns. */
  substitutionStatus = 0;
  /** Shells inside shells, `sh -c`, `sudo` and functions: bounded so that none runs away. */
  depth = 0;

  constructor(user: 'root' | 'mendel', cwd: string, flavour: ShellFlavour) {
    this.user = user;
    this.cwd = cwd;
    this.flavour = flavour;
    this.zero = flavour;
  }

  copy(): ShellState {
    const copy = new ShellState(this.user, this.cwd, this.flavour);
    copy.pid = this.pid;
    copy.isSubshell = true;
    copy.variables = new Map(this.variables);
    copy.exported = new Set(this.exported);
    copy.functions = new Map(this.functions);
    copy.options = { ...this.options };
    copy.zero = this.zero;
    copy.positional = this.positional;
    copy.lastStatus = this.lastStatus;
    copy.depth = this.depth;
    return copy;
  }

  /** Value of a variable or a special parameter; undefined if it is not set. */
  parameter(name: string): string | undefined {
    switch (name) {
      case '?':
        return String(this.lastStatus);
      case '#':
        return String(this.positional.length);
      case '@':
      case '*':
        return this.positional.length > 0 ? this.positional.join(' ') : undefined;
      case '$':
        return String(this.pid);
      case '!':
        return this.variables.get('!') ?? undefined;
      case '-':
        return Object.entries(FLAGS).reduce((flags, [flag, option]) => flags + (this.options[option] ? flag : ''), '');
      case '0':
        return this.zero;
      default:
        return /^\d+$/.test(name) ? this.positional[Number(name) - 1] : this.variables.get(name);
    }
  }

  export(name: string, value: string): void {
    this.variables.set(name, value);
    this.exported.add(name);
  }

  /** What a program started now sees. */
  environment(): Map<string, string> {
    const pairs = [...this.variables].filter(([name]) => this.exported.has(name));
    return new Map(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** How an error of this shell begins. */
  get prefix(): string {
    return this.flavour === 'bash' ? 'bash: ' : 'sh: 1: ';
  }
}

/** Letters of `set` and `$-`. */
export const FLAGS = { e: 'errexit', f: 'noglob', u: 'nounset', x: 'xtrace' } as const;
