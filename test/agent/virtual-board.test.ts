import { readFile, writeFile } from 'node:fs/promises';
import test from 'ava';
import { readAgentFile } from '../../src/agent/agent-file.js';
import { talkToAgent, type ByteChannel, type ChannelExit } from '../../src/agent/client.js';
import { makeRunnableModel } from '../fixtures/runnable-model.js';
import { pairedBoard, type PairedBoard } from '../virtual-board/paired-board.js';
import { cpuRun, needing } from './local-agent.js';

const HOME = '/home/mendel';

async function agentOn(desk: PairedBoard): Promise<ByteChannel> {
  const channel = await desk.exec(`exec python3 -B ${HOME}/agent.py`);
  const exit = new Promise<ChannelExit>(resolve => {
    let end: ChannelExit = { kind: 'lost' };
    channel.once('exit', (code: number | null) => {
      end = { kind: 'exit', code: code ?? 255 };
    });
    channel.once('close', () => {
      resolve(end);
    });
  });
  return {
    stdin: channel,
    stdout: channel,
    stderr: channel.stderr,
    exit,
    close: () => {
      channel.close();
    },
  };
}

needing(test, 'TensorFlow Lite')('a virtual board runs the agent for real, and says what it is', async t => {
  const desk = await pairedBoard(t);
  await writeFile(desk.path(`${HOME}/agent.py`), await readAgentFile());
  await writeFile(desk.path(`${HOME}/model.tflite`), makeRunnableModel());
  const startedMs = performance.now();
  let firstSampleMs = Infinity;
  const agent = await talkToAgent(await agentOn(desk));
  t.is(agent.hello.board.model, 'virtual board');
  t.is(agent.hello.board.mendel, (await readFile(desk.path('/etc/mendel_version'), 'utf8')).trim());
  let last: string | undefined;
  for await (const event of agent.run(cpuRun(`${HOME}/model.tflite`))) {
    if (event.type === 'samples') firstSampleMs = Math.min(firstSampleMs, performance.now() - startedMs);
    last = event.type;
  }
  t.is(last, 'result');
  t.log(`start to first sample ${String(Math.round(firstSampleMs))} ms`);
  await agent.close();
});

needing(test, 'python3')('a virtual board runs nothing else with python3', async t => {
  const desk = await pairedBoard(t);
  await writeFile(desk.path(`${HOME}/other.py`), `${(await readAgentFile()).toString()}\nprint("mine")\n`);
  for (const command of ['python3 other.py', 'python3 -c "print(1)"', 'python3', 'echo "print(1)" | python3 -']) {
    const { code, stdout, stderr } = await desk.run(command);
    t.not(code, 0, command);
    t.is(stdout, '');
    t.regex(stderr, /runs only mdt's agent|can't open file/, command);
  }
  t.is((await desk.run('python3 --version')).stdout, 'Python 3.7.3\n');
});
