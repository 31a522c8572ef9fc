/** Error numbers a board reports, with the text Linux prints for them. */
const ERRNO_TEXT = {
  EACCES: 'Permission denied',
  EBADF: 'Bad file descriptor',
  EEXIST: 'File exists',
  EINVAL: 'Invalid argument',
  EIO: 'Input/output error',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  ENOENT: 'No such file or directory',
  ENOSPC: 'No space left on device',
  ENOTDIR: 'Not a directory',
  ENOTEMPTY: 'Directory not empty',
  EPERM: 'Operation not permitted',
  EROFS: 'Read-only file system',
  EXDEV: 'Invalid cross-device link',
} as const;

export type Errno = keyof typeof ERRNO_TEXT;

/** A file operation that the board's own rules refuse; carries a code as the host's file errors do. */
export class BoardFileError extends Error {
  readonly code: Errno;

  constructor(code: Errno) {
    super(ERRNO_TEXT[code]);
    this.name = 'BoardFileError';
    this.code = code;
  }
}

/** The code of a file error, from the board's rules or from the host; EIO for anything else. */
export function errnoOf(error: unknown): Errno {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return 'EIO';
  return Object.hasOwn(ERRNO_TEXT, error.code) ? (error.code as Errno) : 'EIO';
}

/** What Linux prints for it; the host's own message is not used because it names paths of the host. */
export function errnoText(error: unknown): string {
  return ERRNO_TEXT[errnoOf(error)];
}
