import type { InputAttributes, Stats } from 'ssh2';
import type { RemoteAttributes, RemoteFileType } from './sftp.js';

// File type bits of the permissions field, as in POSIX stat.
const TYPE_MASK = 0o170000;
const TYPES: Readonly<Record<number, RemoteFileType>> = {
  0o100000: 'file',
  0o040000: 'directory',
  0o120000: 'symlink',
};

/** Attributes as they came, where absent fields count as zero: a server may leave any of them out. */
export function attributesOf(stats: Partial<Stats>): RemoteAttributes {
  const mode = stats.mode ?? 0;
  return {
    type: TYPES[mode & TYPE_MASK] ?? 'other',
    sizeBytes: stats.size ?? 0,
    mode: mode & 0o7777,
    modifiedAtS: stats.mtime ?? 0,
  };
}

export type WritableAttributes = Partial<Pick<RemoteAttributes, 'mode' | 'modifiedAtS' | 'sizeBytes'>>;

/** As the protocol wants them: the two times only go together. */
export function wireAttributes({ mode, modifiedAtS, sizeBytes }: WritableAttributes): InputAttributes {
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(modifiedAtS === undefined ? {} : { atime: modifiedAtS, mtime: modifiedAtS }),
    ...(sizeBytes === undefined ? {} : { size: sizeBytes }),
  };
}
