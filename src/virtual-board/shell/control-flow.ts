/** `exit`, or a failure under `set -e`: ends the shell. */
export class ExitSignal extends Error {
  readonly status: number;

  constructor(status: number) {
    super('exit');
    this.status = status;
  }
}

/** `return`: ends the function or the script. */
export class ReturnSignal extends Error {
  readonly status: number;

  constructor(status: number) {
    super('return');
    this.status = status;
  }
}

/** `kill` of a shell by itself, or by what it runs. */
export class KilledSignal extends Error {
  readonly pid: number;
  /** Name without SIG. */
  readonly signalName: string;

  constructor(pid: number, signalName: string) {
    super('killed');
    this.pid = pid;
    this.signalName = signalName;
  }
}

/** `break` and `continue`: end `levels` loops, or go on with the next round of the last of them. */
export class LoopSignal extends Error {
  readonly kind: 'break' | 'continue';
  readonly levels: number;

  constructor(kind: 'break' | 'continue', levels: number) {
    super(kind);
    this.kind = kind;
    this.levels = levels;
  }
}
