import { onAbort } from '../../time/deadline.js';
import { sharedController } from './shared-signal.js';
import { signalStatus } from './signals.js';

interface Job {
  readonly controller: AbortController;
  /** The login stays open until the job has ended, because it still writes there. */
  readonly holdsLogin: boolean;
  readonly ended: Promise<number>;
}

/** Commands started with `&` by the shells of one login. */
export class JobTable {
  readonly #jobs = new Map<number, Job>();
  readonly #poweredOff: AbortSignal;
  #nextId = 4300;

  /** A job that holds nothing of the login outlives it, until the board goes down. */
  constructor(poweredOff: AbortSignal) {
    this.#poweredOff = poweredOff;
  }

  /** Starts `work`, which ends when its signal aborts; returns the number that `$!` shows. */
  start(work: (signal: AbortSignal) => Promise<number>, options: { readonly holdsLogin: boolean }): number {
    const id = this.#nextId++;
    const controller = sharedController();
    const stopListening = onAbort(this.#poweredOff, () => {
      controller.abort('KILL');
    });
    const ended = work(controller.signal)
      .catch(() => signalStatus(controller.signal.reason))
      .finally(stopListening);
    this.#jobs.set(id, { controller, ended, holdsLogin: options.holdsLogin });
    return id;
  }

  /** Ends a job; false if there is none of this number. */
  kill(id: number, signalName: string): boolean {
    const job = this.#jobs.get(id);
    job?.controller.abort(signalName);
    return job !== undefined;
  }

  /** Exit status of a job when it has ended, 127 if there is none of this number; of all jobs: 0. */
  async wait(id?: number): Promise<number> {
    if (id !== undefined) return (await this.#jobs.get(id)?.ended) ?? 127;
    for (const job of this.#jobs.values()) await job.ended;
    return 0;
  }

  /** Resolves when no job holds the login any more. */
  async released(): Promise<void> {
    for (const job of this.#jobs.values()) if (job.holdsLogin) await job.ended;
  }

  /** The login is gone: jobs that hold it end. */
  hangUp(): void {
    for (const job of this.#jobs.values()) if (job.holdsLogin) job.controller.abort('HUP');
  }
}
