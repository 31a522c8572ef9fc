/** Size of a pseudo-terminal. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** The pseudo-terminal of a login as its programs see it. */
export interface Terminal {
  readonly size: TerminalSize;
  /** Called when somebody presses Ctrl-C; belongs to whatever runs in the foreground. */
  onInterrupt: () => void;
  /** Whether what is typed is shown. */
  echoes: boolean;
}
