import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { parsePullArguments, parsePushArguments, remotePath } from '../../src/files/arguments.js';
import { tempDir } from '../fixtures/temp-dir.js';

test('push with one word goes to the home folder of the board', async t => {
  t.deepEqual(await parsePushArguments(['model.tflite']), { sources: ['model.tflite'], destination: '/home/mendel/' });
});

test('push takes the last word as the remote path, relative ones below the home folder', async t => {
  const dir = await tempDir(t);
  await mkdir(join(dir, 'folder'));
  await writeFile(join(dir, 'file'), '');
  const destinations = [
    ['models', '/home/mendel/models'],
    ['~/models/', '/home/mendel/models/'],
    ['/tmp/', '/tmp/'],
    ['/tmp', '/tmp'],
    ['//tmp', '/tmp'],
    [join(dir, 'folder'), join(dir, 'folder')],
    [join(dir, 'file'), join(dir, 'file')],
    ['src/', '/home/mendel/src/'],
    ['~', '/home/mendel/'],
  ] as const;
  for (const [last, destination] of destinations) {
    t.deepEqual(await parsePushArguments(['a', 'b', last]), { sources: ['a', 'b'], destination }, last);
  }
});

test('push takes a relative last word that exists here as one more source, and says so', async t => {
  for (const last of ['package.json', 'src']) {
    const { notice, ...parsed } = await parsePushArguments(['x', last]);
    t.deepEqual(parsed, { sources: ['x', last], destination: '/home/mendel/' });
    t.regex(notice ?? '', /--to/);
  }
});

test('--to names the destination, a folder, beyond doubt', async t => {
  const words = ['x', 'package.json'];
  t.deepEqual(await parsePushArguments(words, 'models'), { sources: words, destination: '/home/mendel/models/' });
  t.deepEqual(await parsePushArguments(['x'], '/tmp/'), { sources: ['x'], destination: '/tmp/' });
  t.deepEqual(parsePullArguments(['a', '/b'], 'here'), { sources: ['/home/mendel/a', '/b'], destination: 'here/' });
  await t.throwsAsync(parsePushArguments(['x'], ''), { code: 'USAGE' });
  t.throws(() => parsePullArguments(['x'], ''), { code: 'USAGE' });
});

test('pull takes the last word as the local folder, and the current one if there is a single word', t => {
  t.deepEqual(parsePullArguments(['a', '/b/*.log', 'here']), {
    sources: ['/home/mendel/a', '/b/*.log'],
    destination: 'here',
  });
  t.deepEqual(parsePullArguments(['a']), { sources: ['/home/mendel/a'], destination: './' });
});

test('a remote path may begin with a tilde, a dash or a blank', t => {
  t.is(remotePath('~'), '/home/mendel/');
  t.is(remotePath('~/a'), '/home/mendel/a');
  t.is(remotePath('-rf'), '/home/mendel/-rf');
  t.is(remotePath(' x\n'), '/home/mendel/ x\n');
  t.is(remotePath('~root'), '/home/mendel/~root');
});

test('no words, empty words and NUL characters are refused', async t => {
  for (const words of [[], [''], ['a', ''], ['a\0b']]) {
    await t.throwsAsync(parsePushArguments(words), { code: 'USAGE' });
    t.throws(() => parsePullArguments(words), { code: 'USAGE' });
  }
});
