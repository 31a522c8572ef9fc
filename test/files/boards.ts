import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { identityOf } from '../../src/keys/public-line.js';
import { connect } from '../../src/ssh/connect.js';
import type { SshSession } from '../../src/ssh/session.js';
import { startVirtualBoard } from '../../src/virtual-board/virtual-board.js';
import type { Faults } from '../../src/virtual-board/faults.js';
import { newEd25519 } from '../fakes/ssh-server.js';
import { sshdMissing, startSshd } from '../fixtures/sshd.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { startBadLink, type LinkTroubles } from './cut-link.js';

/** Something with files on it that a suite runs against. */
export interface FileBoard {
  readonly name: string;
  /** Why it cannot run here. */
  readonly missing?: string | undefined;
  /** It keeps names that are not UTF-8. */
  readonly keepsAnyName: boolean;
  readonly start: (t: ExecutionContext) => Promise<RunningFileBoard>;
}

export interface RunningFileBoard {
  /** An empty folder on the board. */
  readonly folder: string;
  readonly port: number;
  /** A session that is closed when the test ends. */
  readonly open: (troubles?: LinkTroubles) => Promise<SshSession>;
  /** Only where the board shows faults on request. */
  readonly setFaults?: (faults: Faults) => void;
}

const privateKey = newEd25519();
const publicLine = identityOf(privateKey).publicLine;

async function open(
  t: ExecutionContext,
  place: { port: number; username: string },
  troubles: LinkTroubles | undefined,
): Promise<SshSession> {
  const port = troubles ? await startBadLink(t, place.port, troubles) : place.port;
  const session = await connect(
    { host: '127.0.0.1', port },
    {
      username: place.username,
      credentials: [{ kind: 'key', privateKey }],
      verifyHostKey: () => undefined,
      timeoutMs: 60_000,
    },
  );
  t.teardown(() => session.close());
  return session;
}

function openssh(name: string, keepsAnyName: boolean): FileBoard {
  return {
    name,
    missing: sshdMissing,
    keepsAnyName,
    start: async t => {
      const place = await startSshd(t, publicLine);
      return { folder: await tempDir(t), port: place.port, open: troubles => open(t, place, troubles) };
    },
  };
}

function virtualBoard(name: string): FileBoard {
  return {
    name,
    keepsAnyName: false,
    start: async t => {
      const board = await startVirtualBoard({ name: 'swift-otter', announce: false });
      t.teardown(() => board.close());
      const home = join(board.rootDir, 'home', 'mendel');
      await mkdir(join(home, '.ssh'), { recursive: true, mode: 0o700 });
      await writeFile(join(home, '.ssh', 'authorized_keys'), `${publicLine}\n`, { mode: 0o600 });
      await mkdir(join(home, 'files'));
      const place = { port: board.sshPort, username: 'mendel' };
      return {
        folder: '/home/mendel/files',
        port: board.sshPort,
        open: troubles => open(t, place, troubles),
        setFaults: faults => {
          board.faults = faults;
        },
      };
    },
  };
}

export const boards: readonly FileBoard[] = [
  virtualBoard('the virtual board'),
  openssh('OpenSSH', process.platform === 'linux'),
];
