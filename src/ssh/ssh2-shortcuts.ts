import type { Client, ClientChannel, ParsedKey } from 'ssh2';
import { unusableKey } from './authentication.js';
import type { IdentificationReader } from './identification.js';
import type { OfferReader } from './key-exchange-offer.js';

/*
 * Things that ssh2 has no option for. They reach into its protocol object, whose shape is checked first: with
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

/** Returns the gate that keeps what follows the greeting from ssh2; undefined where there is none. */
export function takeShortcuts(client: Client, greeting: Greeting): Gate | undefined {
  const { _protocol: protocol } = client as { _protocol?: Partial<Protocol> };
  if (typeof protocol?.authPK === 'function') signAtOnce(protocol as Protocol);
  if (typeof protocol?._handlers?.GLOBAL_REQUEST === 'function') ignoreOtherHostKeys(client, protocol as Protocol);
  return typeof protocol?.parse === 'function' ? readGreetingFirst(client, protocol as Protocol, greeting) : undefined;
}

export interface Greeting {
  readonly identification: IdentificationReader;
  /** Gets to see what follows the identification. */
  readonly offer: OfferReader;
}

/** What the server sends stays before it until it is opened. */
export interface Gate {
  open(): void;
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

/**
 * Until the identification line is whole and the gate is open, nothing goes to ssh2, which loses parts of a line that
 * comes in many pieces. It has sent its own line by then, so the server goes on with its side.
 */
function readGreetingFirst(client: Client, protocol: Protocol, { identification, offer }: Greeting): Gate {
  const parse = protocol.parse.bind(protocol);
  let held: Buffer | undefined;
  let isOpen = false;
  const passOn = (bytes: Buffer): void => {
    if (offer.add(bytes) && protocol.parse === parseFirst) protocol.parse = parse;
    parse(bytes, 0, bytes.length);
  };
  const parseFirst = (chunk: Buffer, start: number, end: number): void => {
    const bytes = chunk.subarray(start, end);
    if (isOpen && identification.line !== undefined && held === undefined) {
      passOn(bytes);
      return;
    }
    held = identification.line === undefined ? identification.add(bytes) : Buffer.concat([held ?? EMPTY, bytes]);
    if (isOpen) release();
  };
  const release = (): void => {
    const bytes = held;
    held = undefined;
    if (!bytes) return;
    // The line goes by itself, so that what follows it is the first packet.
    const lineEnd = bytes.indexOf(0x0a) + 1;
    parse(bytes, 0, lineEnd);
    if (bytes.length > lineEnd) passOn(bytes.subarray(lineEnd));
  };
  protocol.parse = parseFirst;
  return {
    open: () => {
      isOpen = true;
      try {
        release();
      } catch (error) {
        client.emit('error', error);
      }
    },
  };
}

const EMPTY = Buffer.alloc(0);

/**
 * Sends a signal to the program behind a channel (RFC 4254 section 6.9), by its name without SIG. ssh2 does so only
 * while the input of the program is open, although a channel takes requests until it is closed.
 */
export function sendSignal(channel: ClientChannel, name: string): void {
  const inner = channel as unknown as Partial<InnerChannel>;
  const { outgoing, _client: client } = inner;
  const protocol = client?._protocol;
  if (outgoing === undefined || typeof protocol?.signal !== 'function') channel.signal(name);
  else if (outgoing.state === 'open' || outgoing.state === 'eof') protocol.signal(outgoing.id, name);
}

interface InnerChannel {
  readonly outgoing: { readonly id: number; readonly state: string };
  readonly _client: { readonly _protocol?: { signal?: (channel: number, name: string) => void } };
}
