import { DPKG_STATUS } from '../root-tree.js';
import type { BoardFileSystem } from '../storage/file-system.js';
import { formatParagraph, parseParagraphs, type Paragraph } from '../../formats/control.js';

export const INSTALLED = 'install ok installed';
export const UNPACKED = 'install ok unpacked';
const INFO_FOLDER = '/var/lib/dpkg/info';

/** The board's packages, as dpkg keeps them in `/var/lib/dpkg`. */
export class PackageDatabase {
  readonly #files: BoardFileSystem;
  readonly packages: Map<string, Paragraph>;

  private constructor(files: BoardFileSystem, packages: Map<string, Paragraph>) {
    this.#files = files;
    this.packages = packages;
  }

  static async open(files: BoardFileSystem): Promise<PackageDatabase> {
    const text = (await files.readFile(DPKG_STATUS).catch(() => Buffer.of())).toString();
    const paragraphs = parseParagraphs(text).map(paragraph => [paragraph.get('package') ?? '', paragraph] as const);
    return new PackageDatabase(files, new Map(paragraphs));
  }

  isInstalled(name: string): boolean {
    return this.packages.get(name)?.get('status') === INSTALLED || this.#isProvided(name);
  }

  #isProvided(name: string): boolean {
    for (const paragraph of this.packages.values()) {
      if (paragraph.get('status') !== INSTALLED) continue;
      if ((paragraph.get('provides') ?? '').split(/,\s*/).includes(name)) return true;
    }
    return false;
  }

  async put(control: Paragraph, status: string, paths: readonly string[]): Promise<void> {
    const name = control.get('package') ?? '';
    const [first, ...rest] = control;
    this.packages.set(name, new Map([...(first === undefined ? [] : [first]), ['status', status], ...rest]));
    await this.#files.makeDirectories(INFO_FOLDER);
    await this.#files.writeFile(`${INFO_FOLDER}/${name}.list`, paths.map(path => `${path}\n`).join(''));
    await this.#save();
  }

  /** Paths that the package brought, as `dpkg -L` lists them; empty for a package of the base system. */
  async paths(name: string): Promise<string[]> {
    const list = await this.#files.readFile(`${INFO_FOLDER}/${name}.list`).catch(() => Buffer.of());
    return list
      .toString()
      .split('\n')
      .filter(path => path !== '');
  }

  async remove(name: string): Promise<void> {
    this.packages.delete(name);
    await this.#files.removeTree(`${INFO_FOLDER}/${name}.list`);
    await this.#save();
  }

  async #save(): Promise<void> {
    const text = [...this.packages.values()].map(formatParagraph).join('\n');
    await this.#files.writeFile(`${DPKG_STATUS}-new`, text);
    await this.#files.rename(`${DPKG_STATUS}-new`, DPKG_STATUS);
  }
}
