import { randomBytes } from 'node:crypto';
import { startScript, type RunningScript, type StartOptions } from '../remote/start-script.js';
import type { SshSession } from '../ssh/session.js';
import { onAbort } from '../time/deadline.js';
import { encodeName } from '../remote/names.js';

/** How the script ends where it says nothing more about it. */
export const BATCH_EXIT = { incomplete: 43, differs: 44 } as const;

/**
 * Unpacks an archive from stdin into a folder of its own beside the targets, compares names and sizes (and hashes) with
 * the list that the archive ends with, and only then moves everything in place. Whatever happens, the folder goes. The
 * base comes first on stdin, as the number of its lines and the lines, since it is not known yet when the script starts.
 */
const SCRIPT = String.raw`
LC_ALL=C; export LC_ALL
stage=$1 keep=$2 sums=$3
IFS= read -r lines || exit 40
base=
while [ "$lines" -gt 1 ]; do
  IFS= read -r line || exit 40
  base="$base$line
"
  lines=$((lines - 1))
done
IFS= read -r line || exit 40
base=$base$line
cd -- "$base" || exit 41
trap 'cd /; rm -rf -- "$base/$stage"' EXIT
trap 'exit 40' HUP INT TERM PIPE
mkdir -m 700 -- "$stage" "$stage/t" && cd -- "./$stage" || exit 41
unpack() {
  tar -xpf - $keep --no-same-owner --warning=no-timestamp --checkpoint=64 --checkpoint-action='echo=mdt %u'
}
IFS=' ' read -r how bytes || exit 40
if [ "$how" = probe ]; then
  echo ready
  head -c "$bytes" > probe || exit 42
  echo probed
  read -r how || exit 40
fi
case $how in
gzip) { [ ! -f probe ] || cat probe; gzip -dc; } | unpack ;;
*) if [ -f probe ]; then cat probe - | unpack; else unpack; fi ;;
esac || exit 42
cd t && [ -f ../commit ] || exit 43
find . -mindepth 1 ! -type d -printf '%y %s %P\0' | sort -z | cmp -s - ../sizes || exit 43
[ "$sums" = 0 ] || find . -type f -print0 | sort -z | xargs -0r sha256sum -z -- | cmp -s - ../sums || exit 44
sh ../commit || exit 45
echo done
`;

export interface BatchOptions {
  readonly keepTimes: boolean;
  readonly checksum: boolean;
}

/**
 * Starts the programs that receive archives on the board. The first is started while the board is still being looked
 * at, so that it waits for the archive and not the other way round; if it is not needed it ends without a trace.
 */
export class BatchPrograms implements Disposable {
  readonly #session: SshSession;
  readonly #options: BatchOptions;
  #ahead: Promise<RunningScript | undefined> | undefined;

  constructor(session: SshSession, options: BatchOptions) {
    this.#session = session;
    this.#options = options;
  }

  startAhead(): void {
    // Where it cannot be started, the reason comes out when it is needed.
    this.#ahead = this.#start({ isSpare: true }).catch(() => undefined);
  }

  /** A program that goes on to unpack into `base` what is sent to it, until `signal` aborts. */
  async take(base: string, signal: AbortSignal): Promise<RunningScript> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const spare = await ahead;
    const program = spare?.claim() === true ? spare : await this.#start({ signal });
    const stopListening = onAbort(signal, () => {
      program.kill('TERM');
      program.close();
    });
    void program.exit.then(stopListening);
    program.stdin.write(encodeName(`${String(base.split('\n').length)}\n${base}\n`));
    return program;
  }

  [Symbol.dispose](): void {
    void this.#ahead?.then(program => {
      program?.close();
    });
  }

  #start(options: StartOptions): Promise<RunningScript> {
    const { keepTimes, checksum } = this.#options;
    const stage = `.mdt-${randomBytes(6).toString('hex')}.tmp`;
    const args = [stage, keepTimes ? '' : '-m', checksum ? 1 : 0];
    return startScript(this.#session, { script: SCRIPT, args }, options);
  }
}
