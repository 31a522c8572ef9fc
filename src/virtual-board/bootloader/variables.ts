import type { Flavour } from './board-kind.js';
import type { Emmc } from './emmc.js';

export interface VariableOptions {
  readonly emmc: Emmc;
  readonly flavour: Flavour;
  readonly maxDownloadBytes: number;
  readonly maxFetchBytes: number | undefined;
  /** Beside those that every board has, or instead of them. A name that begins with `.` is not in the list of all. */
  readonly variables: Readonly<Record<string, string>>;
}

/** How one kind of bootloader words its answers. */
interface Wording {
  readonly line: (name: string, value: string) => string;
  readonly done: string;
  /** To a name that it does not know. */
  readonly unknown: (name: string) => string;
}

const PARTITION = /^partition-(?:type|size):/;

const WORDINGS: Readonly<Record<Flavour, Wording>> = {
  nxp: {
    line: (name, value) => `${name}:${value}`,
    done: 'Done!',
    unknown: name => (PARTITION.test(name) ? 'FAILWrong partition name.' : 'FAIL'),
  },
  'u-boot': {
    line: (name, value) => `${name}: ${value}`,
    done: 'Done!',
    unknown: () => 'FAILVariable not implemented',
  },
  lk: { line: (name, value) => `\t${name}: ${value}`, done: 'Done!!', unknown: () => 'OKAY' },
};

/**
 * The answers to `getvar`. Names, and what is in the list of all, are those of the fork's fb_fsl_getvar.c:
 * `mmc_size`, `serialno` and `has-slot` are told only when they are asked for.
 */
export async function getVariable(name: string, options: VariableOptions): Promise<string[]> {
  const variables = await allVariables(options);
  const { line, done, unknown } = WORDINGS[options.flavour];
  if (name === 'all') {
    const listed = [...variables].filter(([key]) => !key.startsWith('.'));
    return [...listed.map(([key, value]) => `INFO${line(key, value)}`), `OKAY${done}`];
  }
  const value = variables.get(name) ?? variables.get(`.${name}`);
  return [value === undefined ? unknown(name) : `OKAY${value}`];
}

async function allVariables(options: VariableOptions): Promise<Map<string, string>> {
  const { emmc, flavour, maxDownloadBytes, maxFetchBytes, variables } = options;
  const limit = ['max-download-size', hex(maxDownloadBytes)] as const;
  if (flavour === 'lk') return new Map([['version', '0.5'], limit, ...Object.entries(variables)]);
  const regions = await emmc.regions();
  return new Map([
    ...boardVariables(flavour),
    limit,
    ...(maxFetchBytes === undefined ? [] : [['max-fetch-size', hex(maxFetchBytes)] as const]),
    ...(flavour === 'nxp' ? listedPartitions : hiddenPartitions)(regions),
    ...regions.map(({ name }) => [`.has-slot:${name}`, 'no'] as const),
    ['.mmc_size', String(emmc.sizeBytes)],
    ...Object.entries(variables),
  ]);
}

type Named = readonly { readonly name: string; readonly sizeBytes: number }[];

function listedPartitions(regions: Named): [string, string][] {
  return [
    ...regions.map(({ name }): [string, string] => [`partition-type:${name}`, typeOf(name)]),
    ...regions.map(({ name, sizeBytes }): [string, string] => [`partition-size:${name}`, hex(sizeBytes)]),
  ];
}

function hiddenPartitions(regions: Named): [string, string][] {
  return listedPartitions(regions).map(([name, value]) => [`.${name}`, value]);
}

function boardVariables(flavour: Exclude<Flavour, 'lk'>): [string, string][] {
  const both: [string, string][] = [
    ['version', '0.4'],
    ['product', 'phanbell'],
  ];
  if (flavour === 'u-boot') return both;
  return [
    ...both,
    ['version-baseband', 'N/A'],
    ['secure', 'no'],
    ['erase-block-size', '0x200'],
    ['logical-block-size', '0x200'],
    ['unlocked', 'no'],
    ['off-mode-charge', '1'],
    ['battery-voltage', '0mV'],
    ['variant', 'phanbell'],
    ['battery-soc-ok', 'yes'],
  ];
}

function typeOf(name: string): string {
  return name === 'home' || name === 'rootfs' ? 'ext4' : 'raw';
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
