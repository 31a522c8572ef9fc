// What takes the place of a file between the moment it was listed and the moment it is read.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { push } from '../../src/files/push.js';
import { settled } from './settled.js';
import { onEveryBoard } from './suite.js';
import { makeTree } from './trees.js';

for (const [what, sizeBytes] of [
  ['small', 1000],
  ['large', 9_000_000],
] as const) {
  onEveryBoard(
    `a pipe that takes the place of a ${what} file does not hold up the push, which fails and leaves nothing`,
    async ({ t, board, session, here, there }) => {
      await makeTree(here, { 'tree/file': Buffer.alloc(sizeBytes) });
      const file = join(here, 'tree', 'file');
      const pushing = push(
        session,
        { sources: [join(here, 'tree')], destination: there },
        {
          onProgress: ({ kind }) => {
            if (kind !== 'started') return;
            rmSync(file);
            execFileSync('mkfifo', [file]);
          },
        },
      );
      await t.throwsAsync(pushing, { code: 'FILE', message: /changed .*while it was being sent/ });
      await settled(t, board, name => name === 'tree');
    },
    'symlinks',
  );
}
