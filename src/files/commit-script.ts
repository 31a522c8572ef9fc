import { encodeName } from '../remote/names.js';
import type { PlannedEntry } from './push-plan.js';
import { splitTarget } from './paths.js';

/** Bytes of names in one command; a Linux board takes 2 MiB with all of the environment. */
const MAX_ARGUMENT_BYTES = 64 * 1024;

/**
 * The shell script that puts what was unpacked in place, as bytes, since names may be any. It runs in the folder that
 * the entries were unpacked into, two below the base. Folders that are new on the board are moved whole; the rest is
 * moved folder by folder, many files at a time, so that the number of processes is that of the folders, not the files.
 */
export function commitScript(entries: readonly PlannedEntry[]): Buffer {
  const moved = new Set(entries.filter(entry => entry.kind === 'directory').map(entry => entry.target));
  const lines: Buffer[] = [];
  const byFolder = new Map<string, Buffer[]>();
  for (const { kind, target } of entries) {
    const { folder } = splitTarget(target);
    if (moved.has(folder)) continue;
    if (kind === 'directory') {
      lines.push(command('mv -fT --', [quote(`./${target}`), quote(`../../${target}`)]));
    } else {
      const list = byFolder.get(folder) ?? [];
      list.push(quote(`./${target}`));
      byFolder.set(folder, list);
    }
  }
  for (const [folder, names] of byFolder) {
    for (const some of inGroups(names)) {
      lines.push(command('mv -f -t', [quote(`../../${folder}`), Buffer.from('--'), ...some]));
    }
  }
  return Buffer.concat(lines);
}

function* inGroups(names: readonly Buffer[]): Generator<Buffer[]> {
  let group: Buffer[] = [];
  let bytes = 0;
  for (const name of names) {
    if (bytes + name.length > MAX_ARGUMENT_BYTES && group.length > 0) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(name);
    bytes += name.length + 1;
  }
  if (group.length > 0) yield group;
}

function command(name: string, words: readonly Buffer[]): Buffer {
  const parts = words.flatMap(word => [Buffer.from(' '), word]);
  return Buffer.concat([Buffer.from(name), ...parts, Buffer.from(' || exit 1\n')]);
}

function quote(name: string): Buffer {
  return encodeName(`'${name.replaceAll("'", `'\\''`)}'`);
}
