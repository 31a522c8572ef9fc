import { UsageError } from '../errors.js';
import type { FastbootFaults } from './bootloader/fastboot-faults.js';

/** What a virtual board can refuse: a network service's own answer, every login, the connection itself, a restart. */
export const REFUSALS = [
  'keymaster-400',
  'keymaster-500',
  'keymaster-silent',
  'auth',
  'connect',
  'keymaster-restart',
] as const;

/** Faults in which a virtual board refuses something. */
export type Refusal = (typeof REFUSALS)[number];

/** Troubles that a virtual board shows on request. Those of the network apply to connections made after they were set. */
export interface Faults extends FastbootFaults {
  /** Each connection carries at most this many bytes a second in each direction. */
  readonly slowBytesPerS?: number;
  /** Each connection breaks off after this many bytes, both directions together. */
  readonly dropAfterBytes?: number;
  /** Each connection stays open but carries nothing more after this many bytes, both directions together. */
  readonly stallAfterBytes?: number;
  /** Files of the board can take up this much in total, those it started with included; then `No space left`. */
  readonly diskSizeBytes?: number;
  /** No file can be written: `Read-only file system`. */
  readonly readOnly?: boolean;
  /** Nothing below this folder can be written. */
  readonly readOnlyFolder?: string;
  /** sudo asks for a password, which a command cannot give. */
  readonly sudoPassword?: boolean;
  /** `locked`: another program holds the lock of dpkg. `interrupted`: dpkg was ended in the middle of its work. */
  readonly packages?: 'locked' | 'interrupted';
  readonly refuse?: readonly Refusal[];
  /** Once it goes down, the board does not come back until it is switched off and on. */
  readonly noReturn?: boolean;
}

const SIZE = /^(\d+(?:\.\d+)?)([kKmMgG]?)$/;
const SIZE_FACTORS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

const sizeFaults: Readonly<Record<string, (bytes: number) => Faults>> = {
  slow: bytes => ({ slowBytesPerS: bytes }),
  'drop-after': bytes => ({ dropAfterBytes: bytes }),
  'stall-after': bytes => ({ stallAfterBytes: bytes }),
  'disk-size': bytes => ({ diskSizeBytes: bytes }),
  'drop-download': bytes => ({ dropDownloadAtByte: bytes }),
};

const flagFaults: Readonly<Record<string, Faults>> = {
  'read-only': { readOnly: true },
  'sudo-password': { sudoPassword: true },
  'dpkg-locked': { packages: 'locked' },
  'dpkg-interrupted': { packages: 'interrupted' },
  'no-return': { noReturn: true },
};

/** A step is a command of fastboot, or the beginning of one: `flash:rootfs`, `erase`. */
const STEP = /^[a-z_-]+(?::[\w.:-]+)?$/;

const stepFaults: Readonly<Record<string, (steps: readonly string[]) => Faults>> = {
  fail: steps => ({ failSteps: steps }),
  hang: steps => ({ hangSteps: steps }),
  garble: steps => ({ garbleSteps: steps }),
};

/** All words that `parseFault` understands, for help texts. */
export const FAULT_EXAMPLES = [
  'slow=64k',
  'drop-after=1M',
  'stall-after=1M',
  'disk-size=10M',
  'read-only',
  'read-only=/tmp',
  'sudo-password',
  'dpkg-locked',
  'dpkg-interrupted',
  'no-return',
  'drop-download=1M',
  'fail=flash:rootfs',
  'hang=erase:misc',
  'garble=getvar:product',
  ...REFUSALS.map(refusal => `refuse=${refusal}`),
] as const;

/** Reads one fault as it is written on the command line, such as `slow=64k` or `refuse=auth`. @throws UsageError */
export function parseFault(text: string): Faults {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  const value = equals < 0 ? undefined : text.slice(equals + 1);
  const fault = value === undefined ? own(flagFaults, name) : valueFault(name, value);
  if (fault !== undefined) return fault;
  throw new UsageError(`${JSON.stringify(text)} is not a fault that a virtual board can show.`, {
    hint: `Faults are ${FAULT_EXAMPLES.join(', ')}.`,
  });
}

function valueFault(name: string, value: string): Faults | undefined {
  const refusal = REFUSALS.find(known => known === value);
  if (name === 'refuse') return refusal === undefined ? undefined : { refuse: [refusal] };
  if (name === 'read-only') return /^\/\w[\w/.-]*$/.test(value) ? { readOnlyFolder: value } : undefined;
  const bytes = parseSize(value);
  if (bytes !== undefined) return own(sizeFaults, name)?.(bytes);
  return STEP.test(value) ? own(stepFaults, name)?.([value]) : undefined;
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Several faults at once; of two that say the same the later counts, refusals and steps add up. */
export function mergeFaults(all: readonly Faults[]): Faults {
  const merged = all.reduce<Faults>((sum, one) => ({ ...sum, ...one }), {});
  const lists = ['refuse', 'failSteps', 'hangSteps', 'garbleSteps'] as const;
  const sums = lists.map(list => [list, [...new Set(all.flatMap<string>(one => one[list] ?? []))]] as const);
  return { ...merged, ...Object.fromEntries(sums.filter(([, items]) => items.length > 0)) };
}

export function refuses(faults: Faults, refusal: Refusal): boolean {
  return faults.refuse?.includes(refusal) ?? false;
}

function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text);
  const factor = SIZE_FACTORS[match?.[2]?.toLowerCase() ?? ''];
  if (match === null || factor === undefined) return undefined;
  const bytes = Math.floor(Number(match[1]) * factor);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
