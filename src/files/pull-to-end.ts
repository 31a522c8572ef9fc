import { randomBytes } from 'node:crypto';
import { ProtocolError, TransportError } from '../errors.js';
import { encodeName } from '../remote/names.js';
import { startScript } from '../remote/start-script.js';
import type { SshSession } from '../ssh/session.js';
import { FramedReader } from './framed-reader.js';

/**
 * Prints the files whose names come on stdin, each to its end, whatever size its file system states. After each come a
 * NUL, the mark, the exit status of cat, what cat complained of, and a NUL. Files that are all empty, as most that state
 * so are, cost one process for all of them.
 */
const SCRIPT = String.raw`
LC_ALL=C; export LC_ALL
each='
mark=$1; shift
if [ "$(cat -- "$@" 2>&1 </dev/null | head -c 1 | wc -c)" -eq 0 ]; then
  for name; do printf "\000%s 0 \000" "$mark"; done
else
  for name; do
    why= status=0
    cat -- "$name" </dev/null 2>/dev/null || { status=$?; why=$(cat -- "$name" 2>&1 >/dev/null </dev/null); }
    printf "\000%s %s %s\000" "$mark" "$status" "$why"
  done
fi
'
exec xargs -0r sh -c "$each" mdt "$1"
`;

/** One file: read `content` to its end, then `failure` says why it is not whole; undefined if it is. */
export interface ReadFile {
  readonly index: number;
  readonly content: AsyncIterable<Buffer>;
  failure: () => string | undefined;
}

/** Reads files of the board to their ends, in order. @throws ProtocolError, and what `startScript` throws */
export async function* readToEnd(
  session: SshSession,
  paths: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<ReadFile> {
  if (paths.length === 0) return;
  const mark = randomBytes(16).toString('hex');
  const program = await startScript(session, { script: SCRIPT, args: [mark] }, { signal });
  program.stderr.resume();
  try {
    program.stdin.end(Buffer.concat(paths.flatMap(path => [encodeName(path), Buffer.alloc(1)])));
    const reader = new FramedReader(program.stdout, Buffer.from(`\0${mark} `));
    for (const [index, path] of paths.entries()) {
      let end: string | undefined;
      const content = reader.frame(text => {
        end = text;
      });
      yield { index, content, failure: () => failureOf(path, end) };
      if (end === undefined) await cutShort(program.exit);
    }
  } finally {
    program.close();
  }
}

/** The stream ended in the middle. */
async function cutShort(exit: Promise<{ readonly kind: string }>): Promise<never> {
  if ((await exit).kind === 'lost') throw new TransportError('The connection to the board was lost.');
  throw new ProtocolError('The board broke off in the middle of a file.');
}

/** `STATUS COMPLAINT`, where cat begins its complaint with its own name and that of the file. */
function failureOf(path: string, end: string | undefined): string | undefined {
  if (end === undefined) return 'the board broke off';
  const [, status = '1', said = ''] = /^(\d+) (.*)$/s.exec(end) ?? [];
  if (status === '0') return undefined;
  const line = said.split('\n').at(-1) ?? '';
  const reason = line.startsWith(`cat: ${path}: `)
    ? line.slice(`cat: ${path}: `.length)
    : line.replace(/^cat: .*: /, '');
  return reason === '' ? `cat ended with ${status}` : reason;
}
