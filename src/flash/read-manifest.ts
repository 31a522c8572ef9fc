import { IMAGE_KINDS, type ImageKind } from './image-kind.js';
import {
  PARTITION_TABLE,
  type BoardIdentity,
  type FlashManifest,
  type ManifestFile,
  type ManifestStep,
  type PartitionTableChoice,
  type Recognition,
  type Release,
} from './manifest.js';

type Fields = Readonly<Record<string, unknown>>;

/**
 * A manifest out of its JSON text. What it says decides what is written to a board, so nothing in it is taken on trust.
 * @throws Error that names the field which is not as it should be; the file belongs to this package, so that is a bug
 */
export function readManifest(text: string): FlashManifest {
  const fields = object(JSON.parse(text), 'the manifest');
  if (fields['schemaVersion'] !== 1) throw wrong('schemaVersion');
  const manifest: FlashManifest = {
    id: string(fields, 'id'),
    board: string(fields, 'board'),
    layout: string(fields, 'layout'),
    ...optional(fields, 'notice', string),
    recognition: recognition(object(fields['recognition'], 'recognition')),
    identity: identity(object(fields['identity'], 'identity')),
    partitionTables: list(fields, 'partitionTables', partitionTable),
    files: list(fields, 'files', file),
    steps: list(fields, 'steps', step),
    releases: list(fields, 'releases', release),
  };
  checkReferences(manifest);
  return manifest;
}

/** Every file that a step names is described, and the partition table can be chosen. */
function checkReferences({ files, steps, partitionTables }: FlashManifest): void {
  const ids = new Set(files.map(({ id }) => id));
  if (partitionTables.length > 0) ids.add(PARTITION_TABLE);
  for (const one of steps) {
    if (one.do === 'flash' && !ids.has(one.file)) throw wrong(`steps: file ${one.file}`);
  }
}

function recognition(fields: Fields): Recognition {
  return {
    names: strings(fields, 'names'),
    present: strings(fields, 'present'),
    absent: strings(fields, 'absent'),
  };
}

function identity(fields: Fields): BoardIdentity {
  return {
    products: strings(fields, 'products'),
    ...optional(fields, 'repeatedSerialNumber', string),
    ...optional(fields, 'usbIds', strings),
  };
}

function partitionTable(fields: Fields): PartitionTableChoice {
  return {
    file: string(fields, 'file'),
    moreThanBytes: number(fields, 'moreThanBytes'),
    ...optional(fields, 'lessThanBytes', number),
  };
}

function file(fields: Fields): ManifestFile {
  const kinds = strings(fields, 'kinds');
  if (!kinds.every(isKind)) throw wrong('kinds');
  return { id: string(fields, 'id'), names: strings(fields, 'names'), kinds };
}

function step(fields: Fields): ManifestStep {
  switch (fields['do']) {
    case 'flash': {
      const flash = { do: 'flash', partition: string(fields, 'partition'), file: string(fields, 'file') } as const;
      if (fields['unlessKept'] === undefined) return flash;
      if (fields['unlessKept'] !== 'home') throw wrong('unlessKept');
      return { ...flash, unlessKept: 'home' };
    }
    case 'erase':
      return { do: 'erase', partition: string(fields, 'partition') };
    case 'reboot-bootloader':
      return { do: 'reboot-bootloader' };
    case 'reboot':
      return { do: 'reboot' };
    default:
      throw wrong('do');
  }
}

function release(fields: Fields): Release {
  return { release: string(fields, 'release'), zip: string(fields, 'zip') };
}

function isKind(text: string): text is ImageKind {
  return (IMAGE_KINDS as readonly string[]).includes(text);
}

function object(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name);
  return value as Fields;
}

function string(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '') throw wrong(name);
  return value;
}

function number(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrong(name);
  return value;
}

function strings(fields: Fields, name: string): string[] {
  const value = fields[name];
  if (!Array.isArray(value) || !value.every(item => typeof item === 'string')) throw wrong(name);
  return value;
}

function list<Item>(fields: Fields, name: string, read: (item: Fields) => Item): Item[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw wrong(name);
  return value.map(item => read(object(item, name)));
}

function optional<Name extends string, Value>(
  fields: Fields,
  name: Name,
  read: (fields: Fields, name: string) => Value,
): Partial<Record<Name, Value>> {
  if (fields[name] === undefined) return {};
  return { [name]: read(fields, name) } as Partial<Record<Name, Value>>;
}

function wrong(name: string): Error {
  return new Error(`A manifest in images/ is not as it should be: ${name}.`);
}
