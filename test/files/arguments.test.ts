import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { parsePullArguments, parsePushArguments, remotePath } from '../../src/files/arguments.js';
import { tempDir } from '../fixtures/temp-dir.js';

test('push with one word goes to the home folder of the board', async t => {
  t.deepEqual(await parsePushArguments(['model.tflite']), { sources: ['model.tflite'], destination: '/home/mendel/' });
});

test('push takes a last word that is not on this host as the remote path, relative ones under the home folder', async t => {
  const none = join(await tempDir(t), 'none');
  t.deepEqual(await parsePushArguments(['a', 'b', 'models']), {
    sources: ['a', 'b'],
    destination: '/home/mendel/models',
  });
  t.deepEqual(await parsePushArguments(['a', none]), { sources: ['a'], destination: none });
});

test('push takes a last word that is on this host as a local path, and says so where it is absolute', async t => {
  const dir = await tempDir(t);
  await writeFile(join(dir, 'a'), '');
  await mkdir(join(dir, 'folder'));
  const parsed = await parsePushArguments(['x', join(dir, 'folder')]);
  t.deepEqual(parsed.sources, ['x', join(dir, 'folder')]);
  t.is(parsed.destination, '/home/mendel/');
  t.regex(parsed.notice ?? '', /exists on this host too/);
  t.is((await parsePushArguments(['x', 'package.json'])).notice, undefined);
});

test('two slashes always mean a path of the board', async t => {
  t.deepEqual(await parsePushArguments(['x', '//tmp']), { sources: ['x'], destination: '/tmp' });
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
