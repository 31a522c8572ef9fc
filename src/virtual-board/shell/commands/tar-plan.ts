/** What of a tar archive's place and shape both directions share. */
export interface TarPlan {
  /** Folder on the board that names are relative to. */
  readonly folder: string;
  readonly isVerbose: boolean;
  /** Exact modes, without the umask. */
  readonly keepsModes: boolean;
  /** Files get the time of extraction instead of their own. */
  readonly keepsTimes: boolean;
  readonly isRecursive: boolean;
  readonly followsLinks: boolean;
  readonly keepsExisting: boolean;
  readonly stripComponents: number;
}
