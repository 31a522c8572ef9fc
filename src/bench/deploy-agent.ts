import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { noPython } from '../agent/agent-error.js';
import { agentFileUrl, readAgentFile } from '../agent/agent-file.js';
import { BoardRefusedError } from '../errors.js';
import { runScript, type ScriptResult } from '../remote/run-script.js';
import { boardFailure } from '../files/board-failure.js';
import { push } from '../files/push.js';
import type { SshSession } from '../ssh/session.js';
import type { LongOperation } from '../time/progress.js';

const NO_PYTHON = 127;
const LOOK =
  'command -v python3 >/dev/null || exit 127; folder=$HOME/.mdt/agent; mkdir -p -- "$folder" || exit 1; printf %s "$folder"; [ ! -f "$folder/$1" ] || printf /';

export interface DeployedAgent {
  /** Absolute path on the board. */
  readonly path: string;
  /** False if the board had it already. */
  readonly sent: boolean;
}

/** Puts the agent on the board, under the hash of its content, unless it is there. @throws FileError, TransportError */
export async function deployAgent(session: SshSession, operation: LongOperation = {}): Promise<DeployedAgent> {
  const content = await readAgentFile();
  const name = `${createHash('sha256').update(content).digest('hex')}.py`;
  const looked = await runScript(
    session,
    { script: LOOK, args: [name] },
    { operation: 'looking for the benchmark agent on the board', signal: operation.signal },
  );
  const { folder, isThere } = answerOf(looked);
  const path = `${folder}/${name}`;
  if (!isThere) {
    const sources = [fileURLToPath(agentFileUrl)];
    await push(
      session,
      { sources, destination: path, options: { keepAttributes: false } },
      { signal: operation.signal },
    );
  }
  return { path, sent: !isThere };
}

function answerOf({ code, stdout, said }: ScriptResult): { readonly folder: string; readonly isThere: boolean } {
  if (code === NO_PYTHON) throw noPython();
  if (code !== 0) throw boardFailure(said, { path: '~/.mdt/agent' });
  const answer = stdout.toString('utf8');
  const isThere = answer.endsWith('/');
  const folder = isThere ? answer.slice(0, -1) : answer;
  if (/^\/[^\n]*\/\.mdt\/agent$/.test(folder)) return { folder, isThere };
  throw new BoardRefusedError('The board did not say where its home folder is.', {
    hint: 'Check that "mdt exec true" prints nothing.',
  });
}
