/**
 * What a long operation tells while it runs. Order: one `started`, any number of `progress` and `message`,
 * then exactly one of `finished` or `failed`. The library emits, the command line draws.
 */
export type ProgressEvent =
  | { readonly kind: 'started'; readonly task: string; readonly unit: ProgressUnit; readonly total?: number }
  | {
      readonly kind: 'progress';
      readonly task: string;
      readonly unit: ProgressUnit;
      readonly done: number;
      readonly total?: number;
      /** What is being worked on now, for example a file name; already safe to print. */
      readonly detail?: string;
      /** `done` stands still until the other side has done its part, for example has written what it got. */
      readonly isWaiting?: boolean;
    }
  | { readonly kind: 'message'; readonly task: string; readonly text: string }
  | { readonly kind: 'finished'; readonly task: string; readonly unit: ProgressUnit; readonly done: number }
  | { readonly kind: 'failed'; readonly task: string; readonly error: unknown };

/** What progress is counted in. */
export type ProgressUnit = 'bytes' | 'files' | 'steps';

/** Receives the progress of an operation. */
export type OnProgress = (event: ProgressEvent) => void;

/** What every long operation accepts. */
export interface LongOperation {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}
