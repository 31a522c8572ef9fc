import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { safeLines } from '../device/board-text.js';
import { MdtError, ProtocolError, TransportError } from '../errors.js';
import { onAbort, withDeadline } from '../time/deadline.js';
import { AgentError, noPython } from './agent-error.js';
import { readLines } from './line-reader.js';
import {
  parseAgentLine,
  writeHostLine,
  type AgentMessage,
  type AgentProgress,
  type Hello,
  type HostMessage,
  type Loaded,
  type RunRequest,
  type RunResult,
  type Samples,
  type Telemetry,
  type Trained,
} from './messages.js';

/** How the program at the other end ended. */
export type ChannelExit =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'lost' };

/** The streams of a running agent, wherever it runs. A remote process of an SSH session is one. */
export interface ByteChannel {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves once the program and its output have ended; never rejects. */
  readonly exit: Promise<ChannelExit>;
  /** Ends it without waiting. */
  close(): void;
}

export interface AgentOptions {
  /** Until the agent has said hello; default 60 s, of which its libraries may take 8. */
  readonly helloTimeoutMs?: number;
  /** Longest silence during a run, in which the agent tells of temperatures all the time; default 60 s. */
  readonly silenceTimeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** What a run is, without what every message of it repeats. */
export type RunSpec = Omit<RunRequest, 'type' | 'id'>;

/** What a run tells, in this order for each model: progress, `loaded`, samples; telemetry all along; `result` last. */
export type RunEvent = AgentProgress | Samples | Telemetry | Loaded | Trained | RunResult;

/** One conversation with an agent. */
export interface AgentClient extends AsyncDisposable {
  readonly hello: Hello;
  /**
   * Runs a benchmark; one at a time. When `signal` aborts, the run is cancelled and ends with a result that says so.
   * @throws AgentError, TransportError when the connection or the agent is gone, TimeoutError, ProtocolError,
   *   AbortedError when a cancelled agent does not answer
   */
  run(spec: RunSpec, options?: { readonly signal?: AbortSignal | undefined }): AsyncGenerator<RunEvent, void, void>;
  /** The end of what the agent and its libraries said on stderr; safe to print. */
  stderrText(): string;
  /** Says goodbye and waits for the agent's end, with a deadline. */
  close(): Promise<void>;
}

const STDERR_CHARACTERS = 16_384;
const CANCEL_TIMEOUT_MS = 5_000;
const BYE_TIMEOUT_MS = 5_000;
const NO_SUCH_PROGRAM = 127;

/** Waits for the agent's hello. The channel is closed if it does not come. @throws as `AgentClient.run` */
export async function talkToAgent(channel: ByteChannel, options: AgentOptions = {}): Promise<AgentClient> {
  const conversation = new Conversation(channel);
  try {
    const deadline = {
      operation: 'waiting for the benchmark agent on the board to start',
      timeoutMs: options.helloTimeoutMs ?? 60_000,
      signal: options.signal,
    };
    const hello = await withDeadline(deadline, () => conversation.next());
    if (hello.type === 'error') throw new AgentError(hello);
    if (hello.type !== 'hello') throw outOfTurn(hello);
    return new Agent(conversation, hello, options.silenceTimeoutMs ?? 60_000);
  } catch (error) {
    channel.close();
    throw error;
  }
}

class Agent implements AgentClient {
  readonly hello: Hello;
  readonly #conversation: Conversation;
  readonly #silenceTimeoutMs: number;

  constructor(conversation: Conversation, hello: Hello, silenceTimeoutMs: number) {
    this.#conversation = conversation;
    this.hello = hello;
    this.#silenceTimeoutMs = silenceTimeoutMs;
  }

  async *run(
    spec: RunSpec,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<RunEvent, void, void> {
    const id = randomUUID();
    const giveUp = new AbortController();
    let giveUpTimer: NodeJS.Timeout | undefined;
    let isOver = false;
    const cancel = (): void => {
      this.#conversation.send({ type: 'cancel', id });
      giveUpTimer ??= setTimeout(() => {
        giveUp.abort();
      }, CANCEL_TIMEOUT_MS);
    };
    this.#conversation.send({ type: 'run', id, ...spec });
    const stopListening = onAbort(options.signal, cancel);
    try {
      while (!isOver) {
        const event = await this.#nextOf(id, giveUp.signal);
        isOver = event.type === 'result';
        yield event;
      }
    } catch (error) {
      isOver = true;
      throw error;
    } finally {
      stopListening();
      if (!isOver) cancel();
      clearTimeout(giveUpTimer);
    }
  }

  stderrText(): string {
    return this.#conversation.stderrText();
  }

  async close(): Promise<void> {
    await this.#conversation.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The next event of this run; what an earlier, abandoned run still says is passed over. */
  async #nextOf(id: string, signal: AbortSignal): Promise<RunEvent> {
    const deadline = {
      operation: 'waiting for the benchmark agent on the board',
      timeoutMs: this.#silenceTimeoutMs,
      signal,
    };
    for (;;) {
      const message = await withDeadline(deadline, () => this.#conversation.next());
      if (message.type === 'hello') throw outOfTurn(message);
      if (message.type === 'error' && (message.id === undefined || message.id === id)) throw new AgentError(message);
      if (message.type !== 'error' && message.id === id) return message;
    }
  }
}

/** Messages over the channel, and what its end means. */
class Conversation {
  readonly #channel: ByteChannel;
  readonly #lines: AsyncGenerator<string, void, void>;
  #stderr = '';
  #lost: Error | undefined;

  constructor(channel: ByteChannel) {
    this.#channel = channel;
    this.#lines = readLines(channel.stdout);
    // What cannot be sent any more shows as the end of stdout, with the better reason.
    channel.stdin.on('error', (error: Error) => {
      this.#lost ??= error;
    });
    channel.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_CHARACTERS);
    });
    channel.stderr.on('error', () => undefined);
  }

  send(message: HostMessage): void {
    const line = writeHostLine(message);
    if (this.#channel.stdin.writable) this.#channel.stdin.write(line);
  }

  async next(): Promise<AgentMessage> {
    let line: IteratorResult<string, void>;
    try {
      line = await this.#lines.next();
    } catch (error) {
      if (error instanceof MdtError) throw error;
      this.#lost ??= error instanceof Error ? error : undefined;
      line = { done: true, value: undefined };
    }
    if (line.done !== true) return parseAgentLine(line.value);
    throw await this.#end();
  }

  stderrText(): string {
    return safeLines(this.#stderr, STDERR_CHARACTERS);
  }

  async close(): Promise<void> {
    this.send({ type: 'bye' });
    if (this.#channel.stdin.writable) this.#channel.stdin.end();
    const operation = 'waiting for the benchmark agent on the board to end';
    // What is still under way is read to its end: an agent that waits for its reader cannot leave.
    await withDeadline({ operation, timeoutMs: BYE_TIMEOUT_MS }, async () => {
      while ((await this.#lines.next()).done !== true);
      await this.#channel.exit;
    })
      .catch(() => undefined)
      .finally(() => {
        this.#channel.close();
      });
  }

  async #end(): Promise<Error> {
    const exit = await this.#channel.exit;
    const facts = { exit, stderr: this.stderrText() };
    if (exit.kind === 'exit' && exit.code === NO_SUCH_PROGRAM) {
      return noPython(facts);
    }
    return new TransportError(`The benchmark agent on the board ended early (${exitText(exit)}).`, {
      hint: 'Try again; "mdt exec dmesg" may tell why.',
      cause: this.#lost,
      facts,
    });
  }
}

function exitText(exit: ChannelExit): string {
  if (exit.kind === 'exit') return `status ${String(exit.code)}`;
  return exit.kind === 'signal' ? `signal ${exit.signal}` : 'the connection was lost';
}

function outOfTurn(message: AgentMessage): ProtocolError {
  return new ProtocolError(`The benchmark agent said "${message.type}" out of turn.`, {
    hint: 'Another version of mdt may have left its agent running; try again.',
    facts: { bytes: JSON.stringify(message).slice(0, 200) },
  });
}
