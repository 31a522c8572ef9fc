import { safeText } from '../device/board-text.js';
import { BoardRefusedError } from '../errors.js';
import type { StreamingResult } from '../remote/run-streaming.js';
import type { LockHolder, PackageTrouble } from './package-trouble.js';

/** Keys of Google's package sources for Mendel that have run out; the first in 2018, the second in 2021. */
const GOOGLE_KEYS = ['3746C208A7317B0F', '6A030B21BA07F4FB'];
const GOOGLE_KEY_FILE = 'https://packages.cloud.google.com/apt/doc/apt-key.gpg';

/** The error for a program of packages that gave up: `what` begins the sentence, the trouble ends it. */
export function refusal(what: string, trouble: PackageTrouble, { code, lines }: StreamingResult): BoardRefusedError {
  const [reason, hint] = wordsFor(trouble);
  return new BoardRefusedError(`${what}: ${safeText(reason, 400).replace(/\.$/, '')}.`, {
    facts: { cause: trouble.kind, exitCode: code, output: lines.join('\n') },
    hint,
  });
}

/** `unattended-upgr (process 812)`, or what can be said of a program that nobody could name. */
export function nameOfHolder(holder: LockHolder | undefined): string {
  if (holder === undefined) return 'another program';
  const { name, pid } = holder;
  return name === undefined ? `process ${String(pid)}` : `${safeText(name, 64)} (process ${String(pid)})`;
}

type Words = readonly [reason: string, hint: string];

const FIXED_WORDS = {
  interrupted: [
    'an earlier installation was interrupted there',
    'Finish that one with `mdt exec sudo dpkg --configure -a`, then try again.',
  ],
  clock: [
    'its clock is behind, so that certificates and package lists are not valid yet',
    'Set it with `mdt exec "sudo date -s @$(date +%s)"`, or connect the board to the internet and wait a minute.',
  ],
  held: ['a package that would change is on hold there', 'Release it with `mdt exec sudo apt-mark unhold PACKAGE`.'],
  downgrade: ['a later version is installed there', 'Allow the earlier one with --allow-downgrade.'],
  'read-only': ['its file system is read-only', 'Mount it for writing with `mdt exec sudo mount -o remount,rw /`.'],
  'no-space': [
    'its disk is full',
    'Make room: `mdt exec df -h` shows what is full, `mdt exec sudo apt-get clean` often helps.',
  ],
  network: [
    'it could not fetch what the package depends on',
    'Connect the board to the internet, or give those packages too.',
  ],
} as const satisfies Partial<Record<PackageTrouble['kind'], Words>>;

type FixedTrouble = Extract<PackageTrouble, { kind: keyof typeof FIXED_WORDS }>;

function isFixed(trouble: PackageTrouble): trouble is FixedTrouble {
  return Object.hasOwn(FIXED_WORDS, trouble.kind);
}

function wordsFor(trouble: PackageTrouble): Words {
  if (isFixed(trouble)) return FIXED_WORDS[trouble.kind];
  switch (trouble.kind) {
    case 'locked':
      return [`${nameOfHolder(trouble.holder)} holds the lock of its packages`, 'Wait for it with a longer --wait.'];
    case 'expired-key':
      return [`the key ${trouble.keys.join(' and ')} of its package source has expired`, keyHint(trouble.keys)];
    case 'conffile':
      return [
        `${trouble.packageName ?? 'a package'} asks what to do with a configuration file that was changed there`,
        'Answer it there: `mdt shell`, then `sudo dpkg --configure -a`.',
      ];
    case 'dependency':
      return [
        trouble.line,
        'Connect the board to the internet and run `mdt exec sudo apt-get update`, or give the packages it depends on as well.',
      ];
    case 'damaged':
      return [trouble.line, 'Check that the package file is complete, and install it again.'];
    case 'script':
      return [trouble.line, 'Run it again with --verbose to see what the script of the package prints.'];
    case 'other':
      return [
        trouble.line || 'it did not say why',
        'Run it again with --verbose to see everything that the board prints.',
      ];
  }
}

function keyHint(keys: readonly string[]): string {
  if (!keys.some(key => GOOGLE_KEYS.includes(key))) return 'Install the current key of that source on the board.';
  return `Fetch Google's current key: \`mdt shell\`, then \`curl -fsSL ${GOOGLE_KEY_FILE} | sudo apt-key add -\`.`;
}
