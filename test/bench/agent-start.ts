import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { talkToAgent } from '../../src/agent/client.js';
import { agentCommand } from '../../src/bench/agent-session.js';
import { deployAgent } from '../../src/bench/deploy-agent.js';
import { readEnvironment } from '../../src/config/environment.js';
import { configPaths } from '../../src/config/paths.js';
import { rememberBoard } from '../../src/keys/known-boards.js';
import { generateIdentity } from '../../src/keys/keystore.js';
import { contactBoard } from '../../src/pairing/contact.js';
import { thisHost } from '../../src/pairing/host.js';
import type { SshSession } from '../../src/ssh/session.js';
import { startVirtualBoard } from '../../src/virtual-board/virtual-board.js';
import { cpuRun } from '../agent/local-agent.js';
import { makeRunnableModel } from '../fixtures/runnable-model.js';
import { limit, type Row } from './row.js';

const NAME = 'benchmark agent, start to first sample';
const MODEL = '/home/mendel/model.tflite';

/** From asking a virtual board to start the agent, which is there already, to the first inferences that it tells. */
export async function agentStart(): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), 'mdt-bench-'));
  try {
    await using board = await startVirtualBoard({ name: 'swift-otter', announce: false });
    await writeFile(join(board.rootDir, MODEL), makeRunnableModel(256));
    const paths = configPaths(folder);
    await board.setAuthorizedKeys([(await generateIdentity(paths, { algorithm: 'ed25519' })).publicLine]);
    const { name, hostKey, address, sshPort: port, keymasterPort } = board;
    const route = { kind: 'ssh', medium: 'loopback', address, port, keymasterPort } as const;
    await rememberBoard(paths.knownBoardsFile, { name, hostKey, routes: [route], lastSeen: new Date().toISOString() });
    const host = thisHost(readEnvironment({ HOME: folder, MDT_CONFIG_DIR: folder }));
    await using contact = await contactBoard(host, { device: name });
    const { path } = await deployAgent(contact.session);
    const runs: number[] = [];
    for (let run = 0; run < 9; run++) runs.push(await firstSampleMs(contact.session, path));
    return limit(NAME, { limit: 1000, unit: 'ms' }, runs);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function firstSampleMs(session: SshSession, path: string): Promise<number> {
  const startedMs = performance.now();
  await using agent = await talkToAgent(await session.exec(agentCommand(path)), { helloTimeoutMs: 60_000 });
  let firstMs = Number.NaN;
  for await (const event of agent.run(cpuRun(MODEL))) {
    if (event.type === 'samples' && Number.isNaN(firstMs)) firstMs = performance.now() - startedMs;
  }
  return firstMs;
}
