import type { AgentClient, RunSpec } from '../agent/client.js';
import { safeText } from '../device/board-text.js';
import type { LongOperation } from '../time/progress.js';
import { record } from './agent-session.js';
import { MAX_RUNS } from '../agent/limits.js';
import type { RunRecord } from './collect.js';
import type { Scaling } from './report.js';

interface Measured {
  /** The run on all Edge TPUs. */
  readonly spec: RunSpec;
  readonly all: RunRecord;
}

/**
 * How throughput grows with the number of Edge TPUs, as pycoral's script for several of them asks: one number of
 * inferences is shared by 1, 2 and so on of them, and compared with one. What was cancelled before the end is left out.
 * @throws as `AgentClient.run`
 */
export async function measureScaling(
  agent: AgentClient,
  { spec, all }: Measured,
  operation: LongOperation = {},
): Promise<Scaling[]> {
  const tpuCount = agent.hello.tpus.length;
  const records: RunRecord[] = [];
  for (let tpus = 1; tpus < tpuCount && operation.signal?.aborted !== true; tpus++) {
    const runs = spec.runs === null ? null : Math.min(Math.ceil((spec.runs * tpuCount) / tpus), MAX_RUNS);
    records.push(await record(agent, { ...spec, runs, tpuCount: tpus }, operation));
  }
  if (operation.signal?.aborted === true) return [];
  return spec.models.flatMap(({ name }) => rowsOf(name, [...records, all]));
}

function rowsOf(model: string, records: readonly RunRecord[]): Scaling[] {
  const alone = records[0]?.modelOf(model).perSecond;
  if (alone === undefined) return [];
  return records.flatMap((one, index) => {
    const { perSecond } = one.modelOf(model);
    if (perSecond === undefined) return [];
    return [{ model: safeText(model), tpus: index + 1, perSecond, speedUp: perSecond / alone }];
  });
}
