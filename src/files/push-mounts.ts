import type { PlannedEntry, PushPlan } from './push-plan.js';
import { splitTarget } from './paths.js';

/** Finds the file system of an entry; a rename is at once within one of them only. */
export class BoardMounts {
  readonly #mounts = new Set<string>();

  constructor({ oldFolders }: PushPlan, baseDevice: string) {
    const devices = new Map(oldFolders.map(({ target, existing }) => [target, existing?.device ?? baseDevice]));
    for (const [target, device] of devices) {
      if (target !== '' && device !== (devices.get(splitTarget(target).folder) ?? baseDevice)) this.#mounts.add(target);
    }
  }

  /** The folder at which the file system begins that the entry goes to, relative to the base; empty for that of the base. */
  of({ target }: PlannedEntry): string {
    let { folder } = splitTarget(target);
    while (folder !== '' && !this.#mounts.has(folder)) ({ folder } = splitTarget(folder));
    return folder;
  }

  /** Entries by their file system, with targets relative to where that begins. */
  split(entries: readonly PlannedEntry[]): Map<string, readonly PlannedEntry[]> {
    if (this.#mounts.size === 0) return new Map([['', entries]]);
    const groups = new Map<string, PlannedEntry[]>();
    for (const entry of entries) {
      const mount = this.of(entry);
      const inMount = mount === '' ? entry : { ...entry, target: entry.target.slice(mount.length + 1) };
      const group = groups.get(mount);
      if (group) group.push(inMount);
      else groups.set(mount, [inMount]);
    }
    return groups;
  }
}
