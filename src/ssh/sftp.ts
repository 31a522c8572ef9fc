export type RemoteFileType = 'file' | 'directory' | 'symlink' | 'other';

export interface RemoteAttributes {
  readonly type: RemoteFileType;
  readonly sizeBytes: number;
  /** Permission bits, 0o7777. */
  readonly mode: number;
  /** Seconds since 1970, the unit of SFTP version 3. */
  readonly modifiedAtS: number;
}

export interface RemoteEntry extends RemoteAttributes {
  /** As the board has it, which may hold any byte but `/` and NUL. */
  readonly name: string;
}

export type RemoteOpenMode = 'read' | 'write-truncate' | 'write-existing' | 'write-new';

export interface RemoteFile extends AsyncDisposable {
  /** Reads up to `length` bytes at `position`; fewer at the end of the file, 0 past it. */
  read(length: number, position: number): Promise<Buffer>;
  /** Resolves when the board has confirmed all of `data`; many may be under way at once. */
  write(data: Uint8Array, position: number): Promise<void>;
  stat(): Promise<RemoteAttributes>;
  setAttributes(attributes: Partial<Pick<RemoteAttributes, 'mode' | 'modifiedAtS' | 'sizeBytes'>>): Promise<void>;
  close(): Promise<void>;
}

/**
 * The files of a board over SFTP version 3. Every method throws RemoteFileError (code of the protocol in `status`,
 * path in `facts.path`) when the board says no, TransportError when the connection breaks.
 */
export interface SftpChannel {
  /** Best size of a write or read: the most that one request to this server may carry. Larger ones are split. */
  readonly maxRequestBytes: number;
  realpath(path: string): Promise<string>;
  /** Follows symlinks; undefined if there is nothing. */
  stat(path: string): Promise<RemoteAttributes | undefined>;
  lstat(path: string): Promise<RemoteAttributes | undefined>;
  readdir(path: string): Promise<RemoteEntry[]>;
  readlink(path: string): Promise<string>;
  symlink(target: string, path: string): Promise<void>;
  mkdir(path: string, mode?: number): Promise<void>;
  rmdir(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Replaces `to` if it is there (posix-rename@openssh.com, else remove and rename). */
  rename(from: string, to: string): Promise<void>;
  setAttributes(path: string, attributes: Partial<Pick<RemoteAttributes, 'mode' | 'modifiedAtS'>>): Promise<void>;
  open(path: string, mode: RemoteOpenMode, permissions?: number): Promise<RemoteFile>;
}
