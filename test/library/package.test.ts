import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { compile, installedPackage, runProgram } from './installed-package.js';

const DOCUMENT = join(import.meta.dirname, '..', '..', '..', 'docs', 'library.md');

/** What each sample of docs/library.md prints against a board called swift-otter, in the order of the samples. */
const PRINTED: readonly RegExp[] = [
  /^0 aarch64\n$/,
  /^\S.*\n$/,
  /^(\S* \S+\n)*$/,
  /^(\d+ \w+\n)+1 15\n$/,
  /^http:\/\/localhost:\d+\n$/,
  /^swift-otter\nDEVICE_NOT_FOUND .+\n$/,
  /^\S+\n$/,
  /^\{ value: 'swift-otter', source: 'variable' \}\n$/,
  /^\S.*\n$/,
];

test('every sample of the docs runs outside the repository, in strict TypeScript and in plain JavaScript', async t => {
  t.timeout(300_000);
  const samples = samplesOf(await readFile(DOCUMENT, 'utf8'));
  t.is(samples.length, PRINTED.length);
  const [folder, { configDir }] = await Promise.all([installedPackage(t), boardOnDesk(t)]);
  const files = samples.map(({ language }, index) => `sample-${String(index)}.${language}`);
  for (const [index, { text }] of samples.entries()) await writeFile(join(folder, files[index] ?? ''), text);
  t.is(
    await compile(
      folder,
      files.filter(file => file.endsWith('.ts')),
    ),
    '',
  );
  for (const [index, file] of files.entries()) {
    t.regex(await runProgram(folder, file.replace(/ts$/, 'js'), configDir), PRINTED[index] ?? /^$/, file);
  }
});

function samplesOf(markdown: string): { readonly language: 'ts' | 'js'; readonly text: string }[] {
  return [...markdown.matchAll(/^```(ts|js)\n(.*?)^```$/gms)].map(([, language, text = '']) => ({
    language: language === 'ts' ? 'ts' : 'js',
    text,
  }));
}
