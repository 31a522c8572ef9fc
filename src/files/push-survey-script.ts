import { ProtocolError } from '../errors.js';
import type { SshSession } from '../ssh/session.js';
import type { LongOperation } from '../time/progress.js';
import { boardFailure } from './board-failure.js';
import { runScript } from './board-script.js';
import { decodeName } from './names.js';
import { FIND_FORMAT, parseItems, splitFields } from './remote-items.js';
import type { PushTarget, PushWish } from './push-target.js';
import { missingParent, placeSources, type DestinationKind } from './destination.js';

const MARK = 'mdt-push-survey-1';
const MAX_LISTING_BYTES = 256 * 1024 * 1024;
const SURVEY_TIMEOUT_MS = 120_000;

/** Runs nothing but what GNU userland has, and says nothing if the board's is another: then SFTP does the work. */
const SCRIPT = String.raw`
LC_ALL=C; export LC_ALL
case $(mv --version 2>&1)$(tar --version 2>&1)$(find --version 2>&1) in
*coreutils*'GNU tar'*findutils*) ;;
*) exit 77 ;;
esac
dest=$1 parent=$2 leaf=$3 folder=$4
shift 4
base=$parent
if [ -d "$dest" ]; then kind=folder base=$dest
elif [ -e "$dest" ] || [ -L "$dest" ]; then kind=other
else kind=missing
fi
why=
cd -P -- "$base" 2>/dev/null || { [ -d "$base" ] && why='Permission denied' || why=missing; }
if [ -z "$why" ] && ! [ -w . ]; then
  why=$( ( : > "./.mdt-check.$$" ) 2>&1 ) && rm -f -- "./.mdt-check.$$"
fi
printf '%s\000' ${MARK} "$kind" "$why"
[ -z "$why" ] || exit 0
free=$(stat -f -c '%a %S' .) || free=
printf '%s\000' "$PWD" "$free"
[ $kind = folder ] || [ $folder = 1 ] || set -- "$leaf"
if [ $kind = missing ] && [ $folder = 1 ]; then set --; fi
count=$#
while [ $count -gt 0 ]; do
  name=./$1
  shift
  count=$((count - 1))
  if [ -e "$name" ] || [ -L "$name" ]; then set -- "$@" "$name"; fi
done
find . -maxdepth 0 -printf '${FIND_FORMAT}'
[ $# = 0 ] || find -H "$@" -printf '${FIND_FORMAT}'
`;

/**
 * Asks the board in one command for everything a push must know before it changes anything.
 * Undefined if the board cannot run the command. @throws FileError if the destination cannot be written.
 */
export async function surveyByScript(
  session: SshSession,
  wish: PushWish,
  operation: LongOperation,
): Promise<PushTarget | undefined> {
  const { path, parent, leaf, isFolder } = wish.destination;
  const args = [path, parent, leaf, isFolder ? 1 : 0, ...wish.names];
  const { stdout } = await runScript(
    session,
    { script: SCRIPT, args },
    {
      signal: operation.signal,
      timeoutMs: SURVEY_TIMEOUT_MS,
      maxOutputBytes: MAX_LISTING_BYTES,
      operation: 'looking at what is on the board',
    },
  );
  const [mark, kind, why, ...rest] = splitFields(stdout);
  if (mark?.toString() !== MARK || !kind || !why) return undefined;
  return readSurvey(wish, { kind: kind.toString() as DestinationKind, why: why.toString() }, rest);
}

function readSurvey(
  wish: PushWish,
  found: { kind: DestinationKind; why: string },
  rest: readonly Buffer[],
): PushTarget {
  const place = placeSources(wish.destination, found.kind, wish.names);
  if (found.why === 'missing') throw missingParent(wish.destination);
  if (found.why !== '') throw boardFailure(found.why, { path: place.base });
  const [resolved, free, ...fields] = rest;
  if (!resolved || !free) throw new ProtocolError('The board broke off in the middle of its listing.');
  const items = [...parseItems(fields)].map(({ path, item }) => [path.replace(/^\.\/?/, ''), item] as const);
  return {
    ...place,
    base: decodeName(resolved),
    existing: new Map(items),
    freeBytes: freeBytesOf(free.toString()),
    hasScripts: true,
  };
}

function freeBytesOf(text: string): number | undefined {
  const [blocks, blockBytes] = text.split(' ').map(Number);
  const bytes = (blocks ?? Number.NaN) * (blockBytes ?? Number.NaN);
  return Number.isFinite(bytes) ? bytes : undefined;
}
