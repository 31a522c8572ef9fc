// Builds an initramfs: an uncompressed cpio archive in the "newc" format (Documentation/driver-api/early-userspace of the
// Linux kernel) with busybox, the init script, and kernel modules in the order in which they can be loaded.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface InitramfsFiles {
  /** Folder with the modules of one kernel, anywhere below it. */
  readonly modules: string;
  readonly busybox: string;
  readonly init: string;
  /** Folder whose `parts` are to be at /project. */
  readonly project: string;
  /** Files and folders below it. */
  readonly parts: readonly string[];
}

const FOLDERS = ['bin', 'dev', 'proc', 'sys', 'modules', 'newroot', 'project'] as const;
const MODE = { folder: 0o40755, program: 0o100755, file: 0o100644, characterDevice: 0o20600 } as const;

export function buildInitramfs(files: InitramfsFiles, wanted: readonly string[]): Buffer {
  const archive = new Archive();
  for (const folder of FOLDERS) archive.add(folder, MODE.folder);
  archive.add('dev/console', MODE.characterDevice, Buffer.alloc(0), [5, 1]);
  archive.add('bin/busybox', MODE.program, readFileSync(files.busybox));
  archive.add('init', MODE.program, readFileSync(files.init));
  modulesInOrder(files.modules, wanted).forEach((path, index) => {
    archive.add(`modules/${String(index).padStart(3, '0')}-${basename(path)}`, MODE.file, readFileSync(path));
  });
  for (const part of files.parts) archive.addTree(files.project, part);
  return archive.end();
}

class Archive {
  readonly #pieces: Buffer[] = [];
  readonly #folders = new Set<string>();
  #inode = 1;

  add(name: string, mode: number, data: Buffer = Buffer.alloc(0), device: readonly [number, number] = [0, 0]): void {
    const nameBytes = Buffer.from(`${name}\0`);
    const fields = [this.#inode++, mode, 0, 0, 1, 0, data.length, 0, 0, ...device, nameBytes.length, 0];
    const header = Buffer.from(`070701${fields.map(field => field.toString(16).padStart(8, '0')).join('')}`);
    this.#pieces.push(padded(Buffer.concat([header, nameBytes])), padded(data));
  }

  /** A file, or a folder with all that is in it; `path` is below `root`. */
  addTree(root: string, path: string): void {
    this.#addFoldersTo(path);
    const source = join(root, path);
    if (!statSync(source).isDirectory()) {
      this.add(`project/${path}`, MODE.file, readFileSync(source));
      return;
    }
    for (const name of readdirSync(source)) this.addTree(root, `${path}/${name}`);
  }

  end(): Buffer {
    this.add('TRAILER!!!', 0);
    return Buffer.concat(this.#pieces);
  }

  #addFoldersTo(path: string): void {
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) {
      const folder = path.slice(0, end);
      if (this.#folders.has(folder)) continue;
      this.#folders.add(folder);
      this.add(`project/${folder}`, MODE.folder);
    }
  }
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}

/** The files of the modules, each after those it depends on; what is built into the kernel needs none. */
function modulesInOrder(folder: string, wanted: readonly string[]): string[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(path => join(folder, path));
  const files = new Map(paths.filter(path => path.endsWith('.ko')).map(path => [moduleName(path), path]));
  const builtIn = new Set(
    paths
      .filter(path => basename(path) === 'modules.builtin')
      .flatMap(path => readFileSync(path, 'utf8').split('\n').map(moduleName)),
  );
  const ordered = new Set<string>();
  const add = (name: string): void => {
    const path = files.get(moduleName(name));
    if (path === undefined) {
      if (builtIn.has(moduleName(name))) return;
      throw new Error(`The kernel has no module ${name}.`);
    }
    for (const needed of dependenciesOf(path)) add(needed);
    ordered.add(path);
  };
  wanted.forEach(add);
  return [...ordered];
}

function moduleName(path: string): string {
  return basename(path, '.ko').replaceAll('-', '_');
}

/** The field `depends` of the section .modinfo. */
function dependenciesOf(path: string): string[] {
  const depends = /\0depends=([^\0]*)\0/.exec(readFileSync(path).toString('latin1'))?.[1] ?? '';
  return depends.split(',').filter(name => name !== '');
}
