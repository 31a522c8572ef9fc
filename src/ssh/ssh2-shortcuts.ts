import type { Client, ParsedKey } from 'ssh2';
import { unusableKey } from './authentication.js';
import type { IdentificationReader } from './identification.js';

/*
 * Three things that ssh2 has no option for. They reach into its protocol object, whose shape is checked first: with
 * another shape everything still works, only with one round trip more or a vaguer error. Call after `client.connect`.
 */
interface Protocol {
  authPK: (username: string, key: ParsedKey, algorithm?: string, sign?: Sign) => void;
  parse: (chunk: Buffer, start: number, end: number) => void;
  ping: () => void;
  _handlers: { GLOBAL_REQUEST: (protocol: unknown, name: string, wantReply: boolean, data: unknown) => void };
}

type Sign = (data: Buffer, done: (signature: Buffer) => void) => void;

const HASHES: Readonly<Record<string, string>> = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' };

export function takeShortcuts(client: Client, identification: IdentificationReader): void {
  const { _protocol: protocol } = client as { _protocol?: Partial<Protocol> };
  if (typeof protocol?.authPK === 'function') signAtOnce(protocol as Protocol);
  if (typeof protocol?._handlers?.GLOBAL_REQUEST === 'function') ignoreOtherHostKeys(client, protocol as Protocol);
  if (typeof protocol?.parse === 'function') readIdentificationFirst(protocol as Protocol, identification);
}

/**
 * ssh2 first asks whether the server would take the key and signs after its yes. RFC 4252 section 7 lets a client sign
 * at once, which saves a round trip and the server one look through authorized_keys.
 */
function signAtOnce(protocol: Protocol): void {
  const ask = protocol.authPK.bind(protocol);
  protocol.authPK = (username, key, algorithm, sign) => {
    const signNow: Sign = (data, done) => {
      const signature: unknown = key.sign(data, algorithm === undefined ? undefined : HASHES[algorithm]);
      // Typed as Buffer, but a key that cannot sign gives an Error object.
      if (!Buffer.isBuffer(signature)) throw unusableKey(signature);
      done(signature);
    };
    ask(username, key, algorithm, sign ?? signNow);
  };
}

/**
 * OpenSSH tells its other host keys after the login (hostkeys-00@openssh.com). ssh2 makes it prove each of them, which
 * costs a board several slow signatures before it gets to the command. One key is pinned; the others are of no use.
 */
function ignoreOtherHostKeys(client: Client, protocol: Protocol): void {
  const handlers = protocol._handlers;
  const handle = handlers.GLOBAL_REQUEST;
  let wasTold = false;
  handlers.GLOBAL_REQUEST = (self, name, wantReply, data) => {
    if (name !== 'hostkeys-00@openssh.com') handle(self, name, wantReply, data);
    else if (!wasTold) acknowledge(client, protocol);
    wasTold ||= name === 'hostkeys-00@openssh.com';
  };
}

/**
 * The server's next answer waits in its kernel until this message is acknowledged (Nagle's algorithm), which this
 * host's kernel delays by 40 ms unless it has something to send. A keep-alive is such a thing.
 */
function acknowledge(client: Client, protocol: Protocol): void {
  const { _callbacks: callbacks } = client as { _callbacks?: unknown };
  if (!Array.isArray(callbacks) || typeof protocol.ping !== 'function') return;
  callbacks.push(() => undefined);
  protocol.ping();
}

/** Until the identification line is whole, nothing goes to ssh2, which loses parts of one that comes in many pieces. */
function readIdentificationFirst(protocol: Protocol, identification: IdentificationReader): void {
  const parse = protocol.parse.bind(protocol);
  const parseFirst = (chunk: Buffer, start: number, end: number): void => {
    const bytes = identification.add(chunk.subarray(start, end));
    if (!bytes) return;
    if (protocol.parse === parseFirst) protocol.parse = parse;
    parse(bytes, 0, bytes.length);
  };
  protocol.parse = parseFirst;
}
