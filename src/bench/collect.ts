import type { RunEvent } from '../agent/client.js';
import type { Loaded, RunResult, Telemetry, Trained } from '../agent/messages.js';
import { ProtocolError } from '../errors.js';
import { Histogram } from './histogram.js';
import { Timeline } from './timeline.js';

/** What has been measured of one model. */
export class ModelRun {
  readonly latencies = new Histogram();
  readonly inputCopies = new Histogram();
  readonly outputCopies = new Histogram();
  readonly timeline = new Timeline();
  readonly loaded: Loaded[] = [];
  startedNs = Infinity;
  endedNs = 0;

  /** Inferences of all streams in a second, from the first to the last; undefined before there is one. */
  get perSecond(): number | undefined {
    return this.endedNs > this.startedNs ? (this.latencies.count / (this.endedNs - this.startedNs)) * 1e9 : undefined;
  }
}

const MAX_TELEMETRY = 512;
/** 64 on each of 64 Edge TPUs. */
const MAX_STREAMS = 4096;

/** Takes in all that the agent tells of a run, in bounded memory however long it takes. */
export class RunRecord {
  readonly models = new Map<string, ModelRun>();
  /** Every one at first, then every second, fourth and so on; the last one is always there. */
  telemetry: Telemetry[] = [];
  lastTelemetry: Telemetry | undefined;
  hottestTpuMilliC: number | undefined;
  throttled: boolean | null = null;
  trained: Trained | undefined;
  result: RunResult | undefined;
  readonly #names: ReadonlySet<string> | undefined;
  #telemetryStep = 1;
  #telemetryCount = 0;

  /** Of a run of these models; what is told of another is an error. */
  constructor(names?: readonly string[]) {
    this.#names = names && new Set(names);
  }

  /** @throws ProtocolError for what no agent says: a model of another run, or more streams than there can be */
  take(event: RunEvent): void {
    switch (event.type) {
      case 'loaded':
        this.#takeLoaded(event);
        break;
      case 'samples':
        this.#takeSamples(event);
        break;
      case 'telemetry':
        this.#takeTelemetry(event);
        break;
      case 'trained':
        this.trained = event;
        break;
      case 'result':
        this.result = event;
        break;
      case 'progress':
    }
  }

  modelOf(name: string): ModelRun {
    if (this.#names?.has(name) === false) throw nonsense('speaks of a model that was not asked for');
    const known = this.models.get(name) ?? new ModelRun();
    this.models.set(name, known);
    return known;
  }

  #takeLoaded(event: Loaded): void {
    const { loaded } = this.modelOf(event.model);
    if (loaded.length >= MAX_STREAMS) throw nonsense('loads a model without end');
    loaded.push(event);
  }

  #takeSamples(event: Extract<RunEvent, { type: 'samples' }>): void {
    const run = this.modelOf(event.model);
    run.startedNs = Math.min(run.startedNs, event.startedNs);
    run.endedNs = Math.max(run.endedNs, event.endedNs);
    let atNs = event.startedNs;
    for (const [index, ns] of event.ns.entries()) {
      run.latencies.add(ns);
      run.timeline.add(atNs, ns);
      atNs += ns + (event.inputNs?.[index] ?? 0) + (event.outputNs?.[index] ?? 0);
    }
    for (const ns of event.inputNs ?? []) run.inputCopies.add(ns);
    for (const ns of event.outputNs ?? []) run.outputCopies.add(ns);
  }

  #takeTelemetry(event: Telemetry): void {
    this.lastTelemetry = event;
    const hottest = hottestOf(event);
    if (hottest !== undefined) this.hottestTpuMilliC = Math.max(hottest, this.hottestTpuMilliC ?? hottest);
    if (event.throttled !== null) this.throttled = event.throttled || this.throttled === true;
    if (this.#telemetryCount++ % this.#telemetryStep !== 0) return;
    this.telemetry.push(event);
    if (this.telemetry.length < MAX_TELEMETRY) return;
    this.telemetry = this.telemetry.filter((_one, index) => index % 2 === 0);
    this.#telemetryStep *= 2;
  }
}

/** Of the Edge TPUs; undefined where none tells. */
export function hottestOf({ tpuTempMilliC }: Telemetry): number | undefined {
  const known = (tpuTempMilliC ?? []).filter(one => one !== null);
  return known.length === 0 ? undefined : Math.max(...known);
}

function nonsense(what: string): ProtocolError {
  return new ProtocolError(`The benchmark agent ${what}.`, {
    hint: 'Another program may have written between its messages; try again.',
    facts: { bytes: '' },
  });
}
