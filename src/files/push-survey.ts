import { ProtocolError } from '../errors.js';
import type { SshSession } from '../ssh/session.js';
import type { LongOperation } from '../time/progress.js';
import { boardFailure } from './board-failure.js';
import { runScript } from '../remote/run-script.js';
import { decodeName } from '../remote/names.js';
import { FIND_FORMAT, parseItems, splitFields } from './remote-items.js';
import type { PushTarget, PushWish } from './push-target.js';
import { missingParent, placeSources, type DestinationKind } from './destination.js';

const MARK = 'mdt-push-survey-1';
/** All that a push runs on the board. */
const NEEDS = [
  'find',
  'xargs',
  'tar',
  'gzip',
  'dd',
  'head',
  'stat',
  'sort',
  'cmp',
  'sha256sum',
  'mv',
  'mkdir',
  'touch',
  'truncate',
];
const MAX_LISTING_BYTES = 256 * 1024 * 1024;
const SURVEY_TIMEOUT_MS = 120_000;

const SCRIPT = String.raw`
LC_ALL=C; export LC_ALL
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
 * @throws FileError if the destination cannot be written, and what `runScript` throws.
 */
export async function surveyBoard(session: SshSession, wish: PushWish, operation: LongOperation): Promise<PushTarget> {
  const { path, parent, leaf, isFolder } = wish.destination;
  const args = [path, parent, leaf, isFolder ? 1 : 0, ...wish.names];
  const { stdout, said } = await runScript(
    session,
    { script: SCRIPT, args, needs: NEEDS },
    {
      signal: operation.signal,
      timeoutMs: SURVEY_TIMEOUT_MS,
      maxOutputBytes: MAX_LISTING_BYTES,
      operation: 'looking at what is on the board',
    },
  );
  const [mark, kind, why, ...rest] = splitFields(stdout);
  if (mark?.toString() !== MARK || !kind || !why) throw boardFailure(said, { path });
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
  };
}

function freeBytesOf(text: string): number | undefined {
  const [blocks, blockBytes] = text.split(' ').map(Number);
  const bytes = (blocks ?? Number.NaN) * (blockBytes ?? Number.NaN);
  return Number.isFinite(bytes) ? bytes : undefined;
}
