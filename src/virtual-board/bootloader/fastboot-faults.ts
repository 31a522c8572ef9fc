/** Troubles of the fastboot of a board, on request. A step is a command, or the beginning of one: `flash`, `erase:misc`. */
export interface FastbootFaults {
  /** Steps that are refused. */
  readonly failSteps?: readonly string[];
  /** Steps that are never answered; the connection stays open. */
  readonly hangSteps?: readonly string[];
  /** Steps that are answered with what is no response of fastboot. */
  readonly garbleSteps?: readonly string[];
  /** The link breaks, once, when this many bytes have been downloaded since the fault was set. */
  readonly dropDownloadAtByte?: number;
}

export function concerns(steps: readonly string[] | undefined, command: string): boolean {
  return steps?.some(step => command === step || command.startsWith(`${step}:`)) ?? false;
}
