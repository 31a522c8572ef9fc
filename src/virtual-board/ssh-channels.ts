import type { Connection, ServerChannel, Session } from 'ssh2';
import type { Board, BoardControl } from './board.js';
import { serveSftp } from './sftp/server.js';
import { runCommand } from './shell/stub.js';

/** What a logged-in client may start: commands, shells and the SFTP subsystem. */
export function serveConnection(connection: Connection, board: Board, control: BoardControl): void {
  connection.on('session', accept => {
    serveSession(accept(), board, control);
  });
}

function serveSession(session: Session, board: Board, control: BoardControl): void {
  session.on('env', agree);
  session.on('pty', agree);
  session.on('window-change', agree);
  session.on('exec', (accept, _reject, { command }) => {
    const channel = accept();
    void runCommand(command, channel, board, control).then(code => {
      end(channel, code);
    });
  });
  // Without a listener for `sftp`, ssh2 leaves the subsystem to this one as a plain channel.
  session.on('subsystem', (accept, reject, { name }) => {
    if (name !== 'sftp') {
      reject();
      return;
    }
    const channel = accept();
    void serveSftp(channel, board.files.as('mendel')).then(() => {
      end(channel, 0);
    });
  });
}

/** `accept` is there only if the client wants an answer. */
function agree(accept: (() => unknown) | undefined): void {
  accept?.();
}

function end(channel: ServerChannel, code: number): void {
  if (channel.destroyed || !channel.writable) return;
  channel.exit(code);
  channel.end();
}
