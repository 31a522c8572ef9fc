import { UsageError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { partMatcher } from './glob.js';

/** The error for sources that are all left out. */
export function nothingLeft(): UsageError {
  return new UsageError('All of the sources are left out by --exclude.', { hint: 'Check the patterns.' });
}

/**
 * Patterns of what a transfer leaves out, together with all that is below it. One without a slash is compared with each
 * name (`*.pyc`, `node_modules`), one with slashes with the path below the source (`build/cache`). `*` stands for any
 * characters of one name, also for a leading dot.
 */
export class Exclusion {
  readonly #names: readonly RegExp[];
  readonly #paths: readonly (readonly RegExp[])[];

  /** @throws UsageError if a pattern can match nothing */
  constructor(patterns: readonly string[] = []) {
    const parts = patterns.map(pattern => {
      const names = pattern.split('/').filter(name => name !== '' && name !== '.');
      if (names.length > 0 && !names.includes('..'))
        return { isPath: pattern.replace(/\/+$/, '').includes('/'), names };
      throw new UsageError(`--exclude ${safeText(pattern)} can match nothing.`, {
        hint: 'Give a name such as "*.log", or a path below the source such as build/cache.',
      });
    });
    const matchers = parts.map(({ isPath, names }) => ({ isPath, names: names.map(name => partMatcher(name, true)) }));
    this.#names = matchers.filter(({ isPath }) => !isPath).flatMap(({ names }) => names);
    this.#paths = matchers.filter(({ isPath }) => isPath).map(({ names }) => names);
  }

  get isEmpty(): boolean {
    return this.#names.length === 0 && this.#paths.length === 0;
  }

  /** Whether this entry itself is left out; `relative` is its path below the source, empty for the source. */
  excludes(name: string, relative: string): boolean {
    if (this.#names.some(matcher => matcher.test(name))) return true;
    if (this.#paths.length === 0 || relative === '') return false;
    const names = relative.split('/');
    return this.#paths.some(
      path => path.length === names.length && path.every((each, at) => each.test(names[at] ?? '')),
    );
  }

  /** Whether this entry, or a folder that it is in, is left out. */
  excludesBelow(root: string, relative: string): boolean {
    if (this.isEmpty) return false;
    if (this.excludes(root, '')) return true;
    if (relative === '') return false;
    const names = relative.split('/');
    return names.some((name, at) => this.excludes(name, names.slice(0, at + 1).join('/')));
  }
}
