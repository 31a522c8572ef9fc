import type { Command } from 'commander';
import type { Cli } from '../../cli.js';
import { addTopic } from '../../verb.js';
import { addModelCompile } from './compile.js';
import { addModelInfo } from './info.js';
import { addModelList } from './list.js';
import { addModelPush } from './push.js';
import { addModelRm } from './rm.js';

/** Declares `mdt model` and the verbs behind it. */
export function addModel(program: Command, cli: Cli): void {
  const topic = addTopic(program, 'model', {
    group: 'models',
    summary: 'look into TensorFlow Lite models, compile them, keep them on a board',
  });
  for (const add of [addModelInfo, addModelCompile, addModelPush, addModelList, addModelRm]) add(topic, cli);
}
