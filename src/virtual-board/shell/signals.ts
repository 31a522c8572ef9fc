/** Numbers of the signals that scripts and SSH clients send. */
export const SIGNALS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ABRT: 6,
  KILL: 9,
  USR1: 10,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
};

/** Exit status of what a signal has ended, by its name, which AbortSignals of running commands have as their reason. */
export function signalStatus(name: unknown): number {
  return 128 + ((typeof name === 'string' ? SIGNALS[name] : undefined) ?? 15);
}

/** Name of a signal as `kill` takes it: `-9`, `-TERM`, `-SIGTERM`; undefined if there is none. */
export function signalName(text: string): string | undefined {
  const name = text.toUpperCase().replace(/^SIG/, '');
  if (Object.hasOwn(SIGNALS, name)) return name;
  return Object.keys(SIGNALS).find(known => String(SIGNALS[known]) === text);
}
