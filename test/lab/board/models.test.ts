import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeRunnableModel } from '../../fixtures/runnable-model.js';
import { boardTest } from './board-test.js';

boardTest('a model is put on the board once, and bench says what the board lacks', async (t, { user }) => {
  await user.must(['pair']);
  const file = join(user.folder, 'add.tflite');
  await writeFile(file, makeRunnableModel());
  t.regex(await user.must(['model', 'push', file]), /add/);
  t.regex(await user.must(['model', 'list']), /add/);
  const { code, stderr } = await user.mdt(['bench', '--cpu', file]);
  t.is(code, 7, stderr.toString());
  t.regex(stderr.toString(), /TensorFlow Lite|tflite/i);
});
