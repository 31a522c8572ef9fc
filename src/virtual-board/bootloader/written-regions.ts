import { appendFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';

/**
 * Names of the regions that were written since Mendel ran last. Kept in a file, because the board may be switched off
 * before the new system boots for the first time.
 */
export class WrittenRegions {
  readonly #file: string;
  readonly #names = new Set<string>();

  constructor(file: string) {
    this.#file = file;
  }

  /** Those of before this board was started. */
  async load(): Promise<void> {
    const text = await readFile(this.#file, 'utf8').catch(() => '');
    for (const name of text.split('\n')) if (name !== '') this.#names.add(name);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  add(name: string): void {
    if (this.#names.has(name)) return;
    this.#names.add(name);
    appendFileSync(this.#file, `${name}\n`);
  }

  async forget(): Promise<void> {
    this.#names.clear();
    await rm(this.#file, { force: true });
  }
}
