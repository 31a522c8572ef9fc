import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';
import { pause } from '../../../src/time/deadline.js';

/** One line of a transcript on the wire, in bytes; `silence` lets the peer hear a packet and say nothing. */
export type WireLine =
  { readonly expect: Buffer | string } | { readonly deliver: Buffer | string } | { readonly silence: Buffer | string };

const LAST_WORDS_MS = 60_000;

/** What the peer heard where it expected something else, and what was left of the transcript; told when the test ends. */
class Transcript {
  readonly #lines: WireLine[];
  #mistake: string | undefined;

  constructor(t: ExecutionContext, lines: readonly WireLine[]) {
    this.#lines = [...lines];
    t.teardown(() => {
      if (this.#mistake !== undefined) throw new Error(this.#mistake);
      if (this.#lines.length > 0)
        throw new Error(`${String(this.#lines.length)} lines of the transcript are left over.`);
    });
  }

  /** Waits for what a client sent before it ended and nobody has read yet, on a host that is busy with other things. */
  async heardAll(): Promise<void> {
    const deadline = performance.now() + LAST_WORDS_MS;
    while (this.awaited !== undefined && performance.now() < deadline) await pause(5);
  }

  /** What the peer is to hear next; undefined if it has nothing more to hear. */
  get awaited(): Buffer | undefined {
    const line = this.#lines[0];
    if (line === undefined || 'deliver' in line) return undefined;
    return Buffer.from('expect' in line ? line.expect : line.silence);
  }

  hear(bytes: Buffer): void {
    if (this.awaited?.equals(bytes) !== true) {
      this.#mistake ??= `heard ${bytes.toString('hex')} and expected ${this.awaited?.toString('hex') ?? 'nothing'}`;
    }
    this.#lines.shift();
  }

  /** What is said before the peer hears again. */
  *answers(): Generator<Buffer> {
    for (let line = this.#lines[0]; line !== undefined && 'deliver' in line; line = this.#lines[0]) {
      this.#lines.shift();
      yield Buffer.from(line.deliver);
    }
  }
}

/**
 * A UDP socket on loopback that follows a transcript, packet by packet. A packet that comes again, because this machine
 * was slow to answer, is answered again, as every peer of the protocol has to.
 */
export async function udpPeer(t: ExecutionContext, lines: readonly WireLine[]): Promise<{ port: number }> {
  const transcript = new Transcript(t, lines);
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  let last = Buffer.alloc(0);
  let answers: Buffer[] = [];
  socket.on('message', (packet, { port, address }) => {
    const isRepeated = packet.equals(last) && transcript.awaited?.equals(packet) !== true;
    if (!isRepeated) {
      transcript.hear(packet);
      last = packet;
      answers = [...transcript.answers()];
    }
    for (const answer of answers) socket.send(answer, port, address);
  });
  t.teardown(async () => {
    await transcript.heardAll();
    socket.close();
  });
  return { port: socket.address().port };
}

/** A TCP server on loopback that follows a transcript on its one connection; `end` closes it after the last line. */
export async function tcpPeer(
  t: ExecutionContext,
  lines: readonly WireLine[],
  options: { readonly end?: boolean } = {},
): Promise<{ port: number }> {
  const transcript = new Transcript(t, lines);
  const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.on('connection', socket => {
    let heard = Buffer.alloc(0);
    const proceed = (): void => {
      for (const answer of transcript.answers()) socket.write(answer);
      const wanted = transcript.awaited;
      if (wanted === undefined && options.end === true) socket.end();
      if (heard.length === 0 || heard.length < (wanted?.length ?? 0)) return;
      transcript.hear(heard.subarray(0, wanted?.length));
      heard = heard.subarray(wanted?.length ?? heard.length);
      proceed();
    };
    socket.on('data', bytes => {
      heard = Buffer.concat([heard, bytes]);
      proceed();
    });
    socket.on('error', () => undefined);
    t.teardown(async () => {
      await transcript.heardAll();
      socket.destroy();
    });
    proceed();
  });
  t.teardown(() => server.close());
  return { port: (server.address() as AddressInfo).port };
}
