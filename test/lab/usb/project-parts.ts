// What of the project the tests need in the virtual machine: there, each file that is read from this computer costs as much
// as hundreds from memory.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const OWN = ['package.json', 'ava.config.js', '.build', 'bin', 'dist', 'images', 'udev'] as const;

interface Package {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Paths below `root`: the project's own, and the packages that it and AVA run on. */
export function projectParts(root: string): string[] {
  const packages = new Set<string>();
  const add = (folder: string): void => {
    if (packages.has(folder)) return;
    packages.add(folder);
    for (const name of dependenciesOf(join(root, folder))) {
      const found = resolve(root, folder, name);
      if (found !== undefined) add(found);
    }
  };
  for (const name of ['ava', ...dependenciesOf(root)]) add(`node_modules/${name}`);
  // What lies in the folder of another package comes with that.
  const outer = [...packages].filter(folder => ![...packages].some(other => folder.startsWith(`${other}/`)));
  return [...OWN, ...outer];
}

function dependenciesOf(folder: string): string[] {
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as Package;
  return Object.keys({ ...dependencies, ...optionalDependencies });
}

/** Where a package finds another, as Node does; undefined for one that this system does not need. */
function resolve(root: string, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, folder.lastIndexOf('/node_modules/'))) {
    const inside = `${folder}/node_modules/${name}`;
    if (existsSync(join(root, inside))) return inside;
    if (!folder.includes('/node_modules/')) break;
  }
  const outside = `node_modules/${name}`;
  return existsSync(join(root, outside)) ? outside : undefined;
}
