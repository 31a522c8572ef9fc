import type { Client, FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2';
import { ProtocolError } from '../errors.js';
import { attributesOf, wireAttributes } from './sftp-attributes.js';
import { SftpFile, type RequestLimits } from './sftp-file.js';
import { SftpRequests, SFTP_STATUS, isRemoteFileError } from './sftp-requests.js';
import type { RemoteAttributes, RemoteEntry, RemoteFile, RemoteOpenMode, SftpChannel } from './sftp.js';

/** What OpenSSH's server takes: 256 KiB a packet, less 1 KiB for everything around the data. */
const OPENSSH_REQUEST_BYTES = 255 * 1024;
/** What it reads at once before version 8.5, whatever it is asked for. */
const OLD_OPENSSH_READ_BYTES = 64 * 1024;
/** What every SFTP server has to take, draft-ietf-secsh-filexfer-02 section 3. */
const MIN_REQUEST_BYTES = 32 * 1024;
/** More entries than this in one folder is a server that does not stop. */
const MAX_ENTRIES = 1_000_000;

const OPEN_FLAGS: Readonly<Record<RemoteOpenMode, number>> = {
  read: 0x01,
  'write-truncate': 0x02 | 0x08 | 0x10,
  'write-existing': 0x02,
  'write-new': 0x02 | 0x08 | 0x20,
};

type Done<T> = (error: Error | null | undefined, value: T) => void;

/** Starts the SFTP subsystem. `request` waits for the answer and tells why there is none. */
export async function openSftp(
  client: Client,
  request: (ask: (done: Done<SftpChannel>) => void) => Promise<SftpChannel>,
): Promise<SftpChannel> {
  return request(done => {
    client.sftp((error, sftp) => {
      // After an error there is no channel, whatever the type says; nor is the value looked at then.
      done(error, error ? (undefined as never) : new Sftp(sftp));
    });
  });
}

class Sftp implements SftpChannel {
  readonly maxRequestBytes: number;
  readonly #requests: SftpRequests;
  readonly #limits: RequestLimits;

  constructor(sftp: SFTPWrapper) {
    this.#requests = new SftpRequests(sftp);
    this.#limits = limitsOf(sftp);
    this.maxRequestBytes = this.#limits.writeBytes;
  }

  async realpath(path: string): Promise<string> {
    return this.#requests.ask(path, (sftp, done) => {
      sftp.realpath(path, done);
    });
  }

  async stat(path: string): Promise<RemoteAttributes | undefined> {
    return this.#attributes(path, (sftp, done) => {
      sftp.stat(path, done);
    });
  }

  async lstat(path: string): Promise<RemoteAttributes | undefined> {
    return this.#attributes(path, (sftp, done) => {
      sftp.lstat(path, done);
    });
  }

  async #attributes(
    path: string,
    ask: (sftp: SFTPWrapper, done: (error: Error | undefined, stats: Stats) => void) => void,
  ): Promise<RemoteAttributes | undefined> {
    try {
      return attributesOf(await this.#requests.ask(path, ask));
    } catch (error) {
      if (isRemoteFileError(error, SFTP_STATUS.noSuchFile)) return undefined;
      throw error;
    }
  }

  async readdir(path: string): Promise<RemoteEntry[]> {
    const handle = await this.#requests.ask<Buffer>(path, (sftp, done) => {
      sftp.opendir(path, done);
    });
    try {
      const entries: RemoteEntry[] = [];
      for (;;) {
        const batch = await this.#readBatch(path, handle);
        if (batch === undefined) return entries;
        entries.push(...batch.map(entry => ({ name: entry.filename, ...attributesOf(entry.attrs) })));
        if (entries.length > MAX_ENTRIES) throw new ProtocolError(`The folder ${path} on the board has no end.`);
      }
    } finally {
      await this.#requests.command(path, (sftp, done) => {
        sftp.close(handle, done);
      });
    }
  }

  /** The next entries but `.` and `..`; undefined at the end. */
  async #readBatch(path: string, handle: Buffer): Promise<FileEntryWithStats[] | undefined> {
    try {
      return await this.#requests.ask<FileEntryWithStats[]>(path, (sftp, done) => {
        sftp.readdir(handle, done);
      });
    } catch (error) {
      if (isRemoteFileError(error, SFTP_STATUS.eof)) return undefined;
      throw error;
    }
  }

  async readlink(path: string): Promise<string> {
    return this.#requests.ask(path, (sftp, done) => {
      sftp.readlink(path, done);
    });
  }

  async symlink(target: string, path: string): Promise<void> {
    await this.#requests.command(path, (sftp, done) => {
      sftp.symlink(target, path, done);
    });
  }

  async mkdir(path: string, mode?: number): Promise<void> {
    await this.#requests.command(path, (sftp, done) => {
      if (mode === undefined) sftp.mkdir(path, done);
      else sftp.mkdir(path, { mode }, done);
    });
  }

  async rmdir(path: string): Promise<void> {
    await this.#requests.command(path, (sftp, done) => {
      sftp.rmdir(path, done);
    });
  }

  async remove(path: string): Promise<void> {
    await this.#requests.command(path, (sftp, done) => {
      sftp.unlink(path, done);
    });
  }

  async rename(from: string, to: string): Promise<void> {
    try {
      await this.#requests.command(to, (sftp, done) => {
        sftp.ext_openssh_rename(from, to, done);
      });
    } catch (error) {
      if (!isRemoteFileError(error, SFTP_STATUS.unsupported)) throw error;
      await this.#replace(from, to);
    }
  }

  /** Version 3 of the protocol refuses to rename onto a file that is there. */
  async #replace(from: string, to: string): Promise<void> {
    if (await this.lstat(to)) await this.remove(to);
    await this.#requests.command(to, (sftp, done) => {
      sftp.rename(from, to, done);
    });
  }

  async setAttributes(
    path: string,
    attributes: Partial<Pick<RemoteAttributes, 'mode' | 'modifiedAtS'>>,
  ): Promise<void> {
    await this.#requests.command(path, (sftp, done) => {
      sftp.setstat(path, wireAttributes(attributes), done);
    });
  }

  async open(path: string, mode: RemoteOpenMode, permissions?: number): Promise<RemoteFile> {
    const handle = await this.#requests.ask<Buffer>(path, (sftp, done) => {
      sftp.open(path, OPEN_FLAGS[mode], permissions === undefined ? {} : { mode: permissions }, done);
    });
    return new SftpFile(this.#requests, this.#limits, { path, handle });
  }
}

/**
 * ssh2 asks for limits@openssh.com (OpenSSH 8.5 and later) and splits larger requests into ones that wait for each
 * other; here they are split before they get there. What it found is not public, so its fields are read with care.
 */
function limitsOf(sftp: SFTPWrapper): RequestLimits {
  const found = sftp as { _maxReadLen?: unknown; _maxWriteLen?: unknown; maxOpenHandles?: unknown };
  const { _maxReadLen: read, _maxWriteLen: write } = found;
  const wasTold = found.maxOpenHandles !== undefined;
  return {
    readBytes: clamp(read, wasTold ? OPENSSH_REQUEST_BYTES : OLD_OPENSSH_READ_BYTES),
    writeBytes: clamp(write, OPENSSH_REQUEST_BYTES),
  };
}

function clamp(bytes: unknown, maxBytes: number): number {
  return typeof bytes === 'number' ? Math.max(1024, Math.min(bytes, maxBytes)) : Math.min(MIN_REQUEST_BYTES, maxBytes);
}
