import type { Connection, PseudoTtyInfo, ServerChannel, Session } from 'ssh2';
import type { Board, BoardControl } from './board.js';
import { startLogin, type Login } from './login.js';
import { serveSftp } from './sftp/server.js';

/** What a logged-in client may start: commands, shells and the SFTP subsystem. */
export function serveConnection(connection: Connection, board: Board, control: BoardControl): void {
  const channels = new Set<ServerChannel>();
  const opened = (channel: ServerChannel): ServerChannel => {
    channels.add(channel);
    return channel.once('close', () => channels.delete(channel));
  };
  connection.on('session', accept => {
    serveSession(accept(), { board, control, opened });
  });
  // As with sshd, programs are not killed with the connection: their input ends, which ssh2 sees to, and what they write
  // fails. Who waits for room to write hears nothing of it from ssh2.
  connection.once('close', () => {
    for (const channel of channels) {
      channel.end();
      for (const output of [channel, channel.stderr]) output.emit('drain');
    }
  });
}

interface Served {
  readonly board: Board;
  readonly control: BoardControl;
  /** Takes note of a channel of this connection. */
  readonly opened: (channel: ServerChannel) => ServerChannel;
}

/** Names that a board's sshd takes (`AcceptEnv LANG LC_*` of Debian). */
const ACCEPTED_ENVIRONMENT = /^(?:LANG|LC_[A-Z]+)$/;
const MAX_ENVIRONMENT = 64;

function serveSession(session: Session, served: Served): void {
  const { board, control, opened } = served;
  const environment = new Map<string, string>();
  let terminal: PseudoTtyInfo | undefined;
  let login: Login | undefined;
  session.on('env', (accept, _reject, { key, val }) => {
    const isTaken = ACCEPTED_ENVIRONMENT.test(key) && environment.size < MAX_ENVIRONMENT;
    if (isTaken) environment.set(key, val);
    agree(accept);
  });
  session.on('pty', (accept, _reject, info) => {
    terminal = info;
    agree(accept);
  });
  session.on('window-change', (accept, _reject, info) => {
    login?.resize({ columns: info.cols, rows: info.rows });
    agree(accept);
  });
  hearSignalsAfterInput(session);
  session.on('signal', (accept, _reject, { name }) => {
    login?.interrupt(name);
    agree(accept);
  });
  const start = (channel: ServerChannel, command: string | undefined): void => {
    login = startLogin({ board, control, environment, channel, terminal, command });
  };
  session.on('exec', (accept, _reject, { command }) => {
    start(opened(accept()), command);
  });
  session.on('shell', accept => {
    start(opened(accept()), undefined);
  });
  serveSubsystems(session, served);
}

function serveSubsystems(session: Session, { board, opened }: Served): void {
  // Without a listener for `sftp`, ssh2 leaves that subsystem to this one as a plain channel.
  session.on('subsystem', (accept, reject, { name }) => {
    if (name !== 'sftp') {
      reject();
      return;
    }
    const channel = opened(accept());
    channel.on('error', () => undefined);
    void serveSftp(channel, board.files.as('mendel')).then(() => {
      if (channel.writable) channel.exit(0);
      channel.end();
    });
  });
}

/**
 * ssh2's server hears no request of a session whose client has ended its input; sshd does, until the channel is closed.
 */
export function hearSignalsAfterInput(session: Session): void {
  session.on('eof', () => {
    (session as { _ending?: boolean })._ending = false;
  });
}

/** `accept` is there only if the client wants an answer. */
function agree(accept: (() => unknown) | undefined): void {
  accept?.();
}
