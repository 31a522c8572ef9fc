import type { Program } from '../program.js';

/** Packages of Debian 10, Mendel's base, whose programs say `--version` and behave here as far as they go. */
const PACKAGES: readonly (readonly [title: string, programs: string])[] = [
  [
    '(GNU coreutils) 8.30',
    'basename cat chmod cp cut date dd df dirname du head id ls ln md5sum mkdir mktemp mv pwd readlink realpath rm rmdir sha256sum sort stat tail tee timeout touch tr truncate uniq wc',
  ],
  ['(GNU findutils) 4.6.0.225-235f', 'find xargs'],
  ['(GNU tar) 1.30', 'tar'],
  ['(GNU grep) 3.3', 'grep'],
  ['(GNU diffutils) 3.7', 'cmp'],
];

const titles = new Map(
  PACKAGES.flatMap(([title, names]) => names.split(' ').map(name => [name, `${name} ${title}`] as const)),
);

/** The program, which now also answers `--version` as its first argument. */
export function withVersion(name: string, program: Program): Program {
  const title = titles.get(name);
  if (title === undefined) return program;
  return async process => {
    if (process.args[0] !== '--version') return program(process);
    await process.print(`${title}\n`);
    return 0;
  };
}
