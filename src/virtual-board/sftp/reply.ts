import { HOME } from '../root-tree.js';
import type { BoardFileSystem } from '../storage/file-system.js';
import type { Handles } from './handles.js';

export interface SftpContext {
  readonly files: BoardFileSystem;
  readonly handles: Handles;
}

/** The response's type and what follows its request id; `ok` and `eof` are statuses. */
export type Reply = { readonly type: number; readonly fields: readonly Uint8Array[] } | 'ok' | 'eof';

/** Relative paths start at the login folder. */
export function absolute(path: string): string {
  return path.startsWith('/') ? path : `${HOME}/${path}`;
}

export async function done(work: Promise<void>): Promise<Reply> {
  await work;
  return 'ok';
}
