import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { safeText } from '../device/board-text.js';
import type { Device } from '../device/device.js';
import { isLoopback, SSH_PORT, type SshRoute } from '../device/route.js';
import { describeRoute } from '../discovery/medium.js';
import { HostKeyChangedError, ProtocolError } from '../errors.js';
import { fingerprint, parseHostKey, sameHostKey, type HostKey } from '../keys/host-key.js';
import { forgetBoard, rememberBoard, type KnownBoard } from '../keys/known-boards.js';
import { quoteWord } from '../ssh/quote.js';
import type { ConsoleShell } from '../console/linux-shell.js';
import type { LongOperation } from '../time/progress.js';
import { keyOf } from './authorized-keys.js';
import { openHost, type HostContext, type HostLogin } from './host.js';
import type { PairResult } from './pair.js';
import { withRoutes } from './remember.js';

/** Pairing over the serial console of a board. */
export interface ConsolePairRequest extends LongOperation {
  /** A serial port, or `tcp:host:port`. */
  readonly place: string;
  /** The board of this name has been flashed anew: pin its new host key in place of the one pinned before. */
  readonly acceptNewHostKey?: boolean | undefined;
}

/**
 * Makes a board trust this host by logging in on its serial console with the password: the way in where its keymaster
 * takes no more keys and sshd no passwords. Pins the host key that the board itself has on its disk.
 * @throws PairingRefusedError if the password is wrong, HostKeyChangedError, and as openConsole and login do
 */
export async function pairByConsole(host: HostContext, request: ConsolePairRequest): Promise<PairResult> {
  const { signal, onProgress, place } = request;
  const own = await openHost(host, request);
  const [{ openConsole }, { login }] = await Promise.all([
    import('../console/open-console.js'),
    import('../console/linux-login.js'),
  ]);
  await using port = await openConsole(place, { signal });
  await using shell = await login(port, { username: own.username, password: own.password, signal, onProgress });
  const board = await readBoard(shell, signal);
  refuseOtherKey(own, board, request);
  const isNew = await installKey(shell, own.identity.publicLine, signal);
  const device = await pin(host, own, { board, request });
  return { device, method: isNew ? 'console' : 'already-paired' };
}

interface BoardFacts {
  readonly name: string;
  readonly hostKey: HostKey;
  readonly addresses: readonly string[];
}

/** The key that a connection will be offered first; the order is that of src/ssh/algorithms.ts. */
const HOST_KEY_ORDER = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'ssh-rsa'];

const READ_FACTS =
  'echo "name $(hostname)"; echo "addresses $(hostname -I 2>/dev/null)"; ' +
  'for f in /etc/ssh/ssh_host_*_key.pub; do echo "key $(sha256sum <"$f" | cut -d" " -f1) $(cat "$f")"; done';
/** Messages of the kernel come between the lines, and into them. */
const READ_ATTEMPTS = 3;

async function readBoard(shell: ConsoleShell, signal: AbortSignal | undefined): Promise<BoardFacts> {
  for (let attempt = 1; ; attempt++) {
    const output = await shell.mustRun(READ_FACTS, { operation: 'reading its host keys', signal });
    const lines = output.split('\n');
    const keys = lines.flatMap(verifiedKey);
    const [hostKey] = keys.sort((a, b) => HOST_KEY_ORDER.indexOf(a.algorithm) - HOST_KEY_ORDER.indexOf(b.algorithm));
    const name = /^name ([a-z0-9](?:[a-z0-9-]{0,62}))$/im.exec(output)?.[1];
    if (hostKey && name !== undefined) {
      const [, addresses = ''] = /^addresses (.*)$/m.exec(output) ?? [];
      return { name, hostKey, addresses: addresses.split(' ').filter(word => isIP(word) !== 0 && !isLoopback(word)) };
    }
    if (attempt < READ_ATTEMPTS) continue;
    throw new ProtocolError('The board did not tell its name and host keys on the console.', {
      hint: 'Wait until it has booted, then run the command again; sshd makes the keys on the first boot.',
      facts: { output: safeText(output) },
    });
  }
}

/** The key of a line that came over the cable as it is on the board, by its checksum. */
function verifiedKey(line: string): HostKey[] {
  const [, sum, text = ''] = /^key ([0-9a-f]{64}) (.+)$/.exec(line) ?? [];
  if (sum === undefined || sum !== sha256(`${text}\n`)) return [];
  const key = parseHostKey(Buffer.from(text.split(' ')[1] ?? '', 'base64'));
  return key && HOST_KEY_ORDER.includes(key.algorithm) ? [key] : [];
}

/**
 * Adds `line` to the board's authorized_keys unless its key is there, and gives folder and file the owner and modes
 * without which sshd ignores them. Returns whether it was added.
 */
async function installKey(shell: ConsoleShell, line: string, signal: AbortSignal | undefined): Promise<boolean> {
  const operation = 'putting the key on the board';
  for (let attempt = 1; ; attempt++) {
    const { output, code } = await shell.run(installScript(line), { operation, signal });
    const word = /^mdt:(added|present|garbled)$/m.exec(output)?.[1];
    if (code === 0 && (word === 'added' || word === 'present')) return word === 'added';
    if (word === 'garbled' && attempt < READ_ATTEMPTS) continue;
    throw new ProtocolError('The key could not be put on the board.', {
      hint: safeText(output.trim(), 200) || 'Look at ~/.ssh on the board.',
      facts: { output: safeText(output), code },
    });
  }
}

function installScript(line: string): string {
  const file = '~/.ssh/authorized_keys';
  return [
    // What was typed has to have arrived as it is.
    `k=${quoteWord(line)}; f=${file}`,
    `[ "$(printf %s "$k" | sha256sum | cut -d" " -f1)" = ${sha256(line)} ] || { echo mdt:garbled; exit 1; }`,
    'umask 077; mkdir -p ~/.ssh',
    '[ -O ~/.ssh ] && { [ ! -e "$f" ] || [ -O "$f" ]; } || sudo -n chown -R "$(id -un):$(id -gn)" ~/.ssh',
    'touch "$f" && chmod go-w ~ && chmod 700 ~/.ssh && chmod 600 "$f" || exit 1',
    `if grep -v "^ *#" "$f" | grep -qF ${keyOf(line)}; then w=present; else`,
    '[ -z "$(tail -c 1 "$f")" ] || echo >>"$f"',
    'printf "%s\\n" "$k" >>"$f" || exit 1',
    'w=added; fi; sync; echo "mdt:$w"',
  ]
    .join('; ')
    .replaceAll('else;', 'else');
}

/** A board has one host key. Another one under the same name is the board flashed anew, or a namesake: its user knows. */
function refuseOtherKey(own: HostLogin, board: BoardFacts, request: ConsolePairRequest): void {
  const [other] = namesakes(own, board);
  if (!other || request.acceptNewHostKey || own.known.some(one => sameHostKey(one.hostKey, board.hostKey))) return;
  throw new HostKeyChangedError(
    `The host key of ${board.name} on ${request.place} is not the one it had when it was paired; nothing was changed.`,
    {
      hint: 'If you have just reflashed this board, add --new-host-key.',
      facts: { name: board.name, pinned: fingerprint(other.hostKey), shown: fingerprint(board.hostKey) },
    },
  );
}

function namesakes({ known }: HostLogin, { name, hostKey }: BoardFacts): KnownBoard[] {
  return known.filter(board => board.name.toLowerCase() === name.toLowerCase() && !sameHostKey(board.hostKey, hostKey));
}

interface Meeting {
  readonly board: BoardFacts;
  readonly request: ConsolePairRequest;
}

async function pin(host: HostContext, own: HostLogin, { board, request }: Meeting): Promise<Device> {
  const { name, hostKey } = board;
  const before = own.known.find(known => sameHostKey(known.hostKey, hostKey));
  const now = await Promise.all(board.addresses.map(address => describeRoute({ address, port: SSH_PORT })));
  // The addresses of its USB network are those of every board, and lead to this one only while it is plugged in here.
  const routes: readonly SshRoute[] = withRoutes(
    before?.routes ?? [],
    now.filter(route => route.medium === 'usb-network' || !/^192\.168\.10[01]\.2$/.test(route.address)),
  );
  const known = {
    ...before,
    name,
    hostKey,
    routes,

    lastSeen: new Date().toISOString(),
  };
  await rememberBoard(host.paths.knownBoardsFile, known);
  if (request.acceptNewHostKey) {
    for (const old of namesakes(own, board)) await forgetBoard(host.paths.knownBoardsFile, old.hostKey);
  }
  const state = routes.length === 0 ? 'console-only' : 'online';
  return { name, state, routes, hostKeyFingerprint: fingerprint(hostKey) };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
