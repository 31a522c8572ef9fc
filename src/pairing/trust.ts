import { formatRoute, type SshRoute } from '../device/route.js';
import { HostKeyChangedError, MdtError } from '../errors.js';
import { fingerprint, sameHostKey, type HostKey } from '../keys/host-key.js';
import type { KnownBoard } from '../keys/known-boards.js';

/** What a pinned key is compared with. */
export type Pinned = Pick<KnownBoard, 'name' | 'hostKey'>;

/** What answered on a route is not the board whose key is pinned; whether that is an attack depends on the route. */
export class OtherHostKeyError extends MdtError {
  readonly pinned: Pinned;
  readonly shown: HostKey;

  constructor(pinned: Pinned, shown: HostKey) {
    super('unauthorised', 'OTHER_HOST_KEY', `Another host key than that of ${pinned.name} was shown.`);
    this.pinned = pinned;
    this.shown = shown;
  }
}

/** @throws OtherHostKeyError unless `shown` is one of the keys that are pinned; where none is, all pass. */
export function requirePinned(pinned: readonly Pinned[], shown: HostKey): void {
  const [first] = pinned;
  if (first && !pinned.some(board => sameHostKey(board.hostKey, shown))) throw new OtherHostKeyError(first, shown);
}

/** The same, told to the user: where the board is announced now, another key is no accident. */
export function keyChanged({ pinned, shown }: OtherHostKeyError, route: SshRoute): HostKeyChangedError {
  return new HostKeyChangedError(
    `The host key of ${pinned.name} at ${formatRoute(route)} is not the one it had when it was paired; nothing was sent.`,
    {
      hint: `If you have just reflashed this board, run \`mdt pair --new-host-key ${pinned.name}\`; if not, something else answers at its address.`,
      facts: { name: pinned.name, pinned: fingerprint(pinned.hostKey), shown: fingerprint(shown), route },
    },
  );
}
