/** Scripts of the board for large files, each of which has a file of its own until it is whole. */

/**
 * Writes stdin to the part file from an offset on, after all other parts of the file are gone. Keeps it when cut off.
 * After the line with the compression come lines `data LENGTH`, which that much content follows, `hole LENGTH`, and `end`;
 * or `rest`, and content to the end.
 */
export const RECEIVE = String.raw`
LC_ALL=C; export LC_ALL
part=./$2 family=./$3 offset=$4
cd -- "$1" || exit 41
umask 077
for old in "$family"????????????????.mdt-part; do
  [ "$offset" -gt 0 ] && [ "$old" = "$part" ] || rm -f -- "$old"
done
[ "$offset" -gt 0 ] || : > "$part" || exit 41
# What ended by a signal, as all does when the connection breaks, has left a part to continue.
full() { status=$?; [ "$status" -lt 128 ] || exit 40; [ -e "$part" ] || exit 46; rm -f -- "$part"; exit 42; }
store() { echo "mdt at $1" >&2; dd of="$part" bs=128k conv=notrunc,nocreat oflag=seek_bytes seek="$1" status=progress; }
receive() {
  while IFS=' ' read -r what bytes; do
    case $what in
    rest) store "$offset"; return ;;
    data) head -c "$bytes" | store "$offset" || return ;;
    end) truncate -s "$offset" -- "$part"; return ;;
    esac
    offset=$((offset + bytes))
  done
}
IFS=' ' read -r how bytes || exit 40
if [ "$how" = probe ]; then
  echo ready
  head -c "$bytes" | store "$offset" || full
  offset=$((offset + bytes))
  echo probed
  read -r how || exit 40
fi
case $how in
gzip) gzip -dc | receive || full ;;
*) receive || full ;;
esac
`;

/** Takes the largest part of this version over, and says its size and hash; nothing if there is none. */
export const CLAIM = String.raw`
cd -- "$1" || exit 41
part=./$2 version=./$3 best= most=-1
for old in "$version"????????.mdt-part; do
  [ -f "$old" ] && [ ! -L "$old" ] && size=$(stat -c %s -- "$old") || continue
  if [ "$size" -gt "$most" ]; then best=$old most=$size; fi
done
[ -n "$best" ] && mv -T -- "$best" "$part" || exit 0
# What wrote it may still be busy with the rest: both lines are about the same bytes.
echo "$most"
head -c "$most" < "$part" | sha256sum
`;

/** Confirms the part file and gives it its final name. */
export const PLACE = String.raw`
LC_ALL=C; export LC_ALL
part=./$2 final=./$3 size=$4 mode=$5 time=$6 sum=$7
cd -- "$1" || exit 41
[ -e "$part" ] || exit 46
[ "$(stat -c %s -- "$part")" = "$size" ] || exit 43
if [ -n "$sum" ]; then
  read -r found _ <<END
$(sha256sum < "$part")
END
  [ "$found" = "$sum" ] || { rm -f -- "$part"; exit 44; }
fi
chmod "$mode" -- "$part" || exit 45
[ -z "$time" ] || touch -d "@$time" -- "$part" || exit 45
mv -fT -- "$part" "$final" || exit 45
`;

/** What dd prints about how much it has stored: `mdt at START`, then `N bytes (…) copied, …` once a second. */
export class StoreProgress {
  readonly #stored: (bytes: number) => void;
  #start = 0;

  constructor(stored: (bytes: number) => void) {
    this.#stored = stored;
  }

  /** Whether the line is about progress. */
  read(line: string): boolean {
    const match = /^(?:mdt at (\d+)|(\d+) bytes? .*copied.*|\d+\+\d+ records (?:in|out)|)$/.exec(line);
    const [, start, copied] = match ?? [];
    if (start !== undefined) this.#start = Number(start);
    if (copied !== undefined) this.#stored(this.#start + Number(copied));
    return match !== null;
  }
}
