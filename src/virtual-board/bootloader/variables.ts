import type { Emmc } from './emmc.js';

/** `nxp`: the fork of U-Boot on the Dev Board. `u-boot`: the mainline. They tell variables differently. */
export type Flavour = 'nxp' | 'u-boot';

export interface VariableOptions {
  readonly emmc: Emmc;
  readonly flavour: Flavour;
  readonly maxDownloadBytes: number;
  readonly maxFetchBytes: number | undefined;
  /** Beside those that every board has, or instead of them. A name that begins with `.` is not in the list of all. */
  readonly variables: Readonly<Record<string, string>>;
}

const PARTITION = /^partition-(?:type|size):/;

/**
 * The answers to `getvar`. Names, and what is in the list of all, are those of the fork's fb_fsl_getvar.c:
 * `mmc_size`, `serialno` and `has-slot` are told only when they are asked for.
 */
export async function getVariable(name: string, options: VariableOptions): Promise<string[]> {
  const variables = await allVariables(options);
  const isNxp = options.flavour === 'nxp';
  if (name === 'all') {
    const listed = [...variables].filter(([key]) => !key.startsWith('.'));
    return [...listed.map(([key, value]) => `INFO${key}${isNxp ? ':' : ': '}${value}`), 'OKAYDone!'];
  }
  const value = variables.get(name) ?? variables.get(`.${name}`);
  if (value !== undefined) return [`OKAY${value}`];
  if (!isNxp) return ['FAILVariable not implemented'];
  return [PARTITION.test(name) ? 'FAILWrong partition name.' : 'FAIL'];
}

async function allVariables(options: VariableOptions): Promise<Map<string, string>> {
  const { emmc, maxDownloadBytes, maxFetchBytes, variables } = options;
  const regions = await emmc.regions();
  return new Map([
    ...boardVariables(options.flavour),
    ['max-download-size', hex(maxDownloadBytes)],
    ...(maxFetchBytes === undefined ? [] : [['max-fetch-size', hex(maxFetchBytes)] as const]),
    ...(options.flavour === 'nxp' ? listedPartitions : hiddenPartitions)(regions),
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

function boardVariables(flavour: Flavour): [string, string][] {
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
