import test from 'ava';
import type { AgentClient } from '../../src/agent/client.js';
import { checkBoard } from '../../src/bench/agent-session.js';
import { MdtError } from '../../src/errors.js';

/** What the agent of a board without any runtime says first. */
function agentOf(model: string): Pick<AgentClient, 'hello'> {
  return {
    hello: {
      type: 'hello',
      protocol: 1,
      agent: '1',
      python: '3.7.3',
      board: { model, kernel: '4.14', mendel: '5.3', machine: 'aarch64' },
      runtimes: [{ name: 'tflite_c', version: null, usable: false, detail: 'not there' }],
      libraries: [],
      tpus: [],
      simulated: false,
      clockMs: 0,
    },
  };
}

const refusal = (model: string): MdtError => {
  try {
    checkBoard(agentOf(model), { target: 'cpu' });
  } catch (error) {
    if (error instanceof MdtError) return error;
  }
  throw new Error('it was not refused');
};

test('a board without TensorFlow Lite is told to install it with apt-get', t => {
  const error = refusal('Phanbell');
  t.is(error.exitCode, 7);
  t.regex(error.hint ?? '', /apt-get install python3-tflite-runtime/);
});

test('for a virtual board it is this host that lacks it, and npm that has it', t => {
  const error = refusal('virtual board');
  t.is(error.exitCode, 7);
  t.regex(error.message, /^This host has no TensorFlow Lite/);
  t.regex(error.hint ?? '', /npm install --ignore-scripts tfjs-tflite-node/);
});
