// What flows over the endpoints of one number, in both directions.
/** How a transfer ends: Linux error numbers, as USB/IP carries them. */
export const STATUS = { ok: 0, stall: -32, unlinked: -104 } as const;

export interface Transfer {
  readonly lengthBytes: number;
  end(status: number, data?: Buffer): void;
}

export class Pipe {
  /** What the host sends, transfer by transfer. */
  onData: (data: Buffer) => void = () => undefined;
  /** Transfers to it are not answered. */
  isDeaf = false;
  /** Transfers to it that it has left unanswered. */
  heldWrites = 0;
  /** Whether the host has begun to read and has not stopped since: a serial port is open then. */
  isListenedTo = false;
  readonly #answers: Buffer[] = [];
  readonly #reads: Transfer[] = [];
  #isStalled = false;
  #onDrained: () => void = () => undefined;

  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** Queues what the host reads: a read of its gets no more than this, and takes several if it is short. */
  send(data: Buffer): void {
    this.#answers.push(data);
    this.#serve();
  }

  /** What was taken and got lost. */
  sendAgain(data: Buffer): void {
    this.#answers.unshift(data);
    this.#serve();
  }

  /** Resolves when the host has read all there is. */
  async drained(): Promise<void> {
    if (this.#answers.length === 0) return;
    await new Promise<void>(resolve => {
      this.#onDrained = resolve;
    });
  }

  /** Every read fails until the host clears the endpoint. */
  stall(): void {
    this.#isStalled = true;
    this.#serve();
  }

  clearHalt(): void {
    this.#isStalled = false;
  }

  read(transfer: Transfer): void {
    this.isListenedTo = true;
    this.#reads.push(transfer);
    this.#serve();
  }

  /** The host does not wait for it any more. */
  forget(transfer: Transfer): void {
    const index = this.#reads.indexOf(transfer);
    if (index < 0) return;
    this.#reads.splice(index, 1);
    if (this.#reads.length === 0) this.isListenedTo = false;
  }

  write(transfer: Transfer, data: Buffer): void {
    if (this.isDeaf) {
      this.heldWrites++;
      return;
    }
    transfer.end(STATUS.ok);
    this.onData(data);
  }

  #serve(): void {
    while (this.#isStalled && this.#reads.length > 0) this.#reads.shift()?.end(STATUS.stall);
    while (this.#reads.length > 0 && this.#answers.length > 0) {
      const read = this.#reads.shift();
      const answer = this.#answers.shift() ?? Buffer.alloc(0);
      const fitting = answer.subarray(0, read?.lengthBytes);
      if (fitting.length < answer.length) this.#answers.unshift(answer.subarray(fitting.length));
      read?.end(STATUS.ok, fitting);
    }
    if (this.#answers.length === 0) this.#onDrained();
  }
}
