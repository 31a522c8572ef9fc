import type { Emmc } from './emmc.js';

/** What a command of U-Boot can use. */
export interface UBootMachine {
  readonly emmc: Emmc;
  readonly environment: Map<string, string>;
  readonly version: string;
  readonly print: (text: string) => void;
}

/** The commands that only look and set; those that leave U-Boot are in u-boot.ts. A result other than 0 is a failure. */
type UBootCommand = (machine: UBootMachine, args: readonly string[]) => number | Promise<number>;

const HELP: Readonly<Record<string, string>> = {
  boot: 'boot default, i.e., run bootcmd',
  echo: 'echo args to console',
  false: 'do nothing, unsuccessfully',
  fastboot: 'use USB or UDP Fastboot protocol',
  help: 'print command description/usage',
  mmc: 'MMC sub system',
  printenv: 'print environment variables',
  reset: 'Perform RESET of the CPU',
  setenv: 'set environment variables',
  true: 'do nothing, successfully',
  version: 'print monitor, compiler and linker version',
};

export const lookingCommands: Readonly<Record<string, UBootCommand>> = {
  help: machine => {
    for (const [name, text] of Object.entries(HELP)) machine.print(`${name.padEnd(9)}- ${text}\n`);
    return 0;
  },
  version: machine => {
    machine.print(`${machine.version}\n`);
    return 0;
  },
  echo: (machine, args) => {
    machine.print(`${args.join(' ')}\n`);
    return 0;
  },
  true: () => 0,
  false: () => 1,
  printenv,
  setenv,
  mmc,
};

function printenv({ environment, print }: UBootMachine, names: readonly string[]): number {
  if (names.length === 0) {
    const lines = [...environment].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}=${value}\n`);
    print(`${lines.join('')}\nEnvironment size: ${String(lines.join('').length)}/4092 bytes\n`);
    return 0;
  }
  let code = 0;
  for (const name of names) {
    const value = environment.get(name);
    print(value === undefined ? `## Error: "${name}" not defined\n` : `${name}=${value}\n`);
    if (value === undefined) code = 1;
  }
  return code;
}

function setenv({ environment, print }: UBootMachine, [name, ...values]: readonly string[]): number {
  if (name === undefined || name.includes('=')) {
    print('setenv - set environment variables\n\nUsage:\nsetenv name [value ...]\n');
    return 1;
  }
  if (values.length === 0) environment.delete(name);
  else environment.set(name, values.join(' '));
  return 0;
}

async function mmc({ emmc, print }: UBootMachine, [verb]: readonly string[]): Promise<number> {
  if (verb === 'list') {
    print('FSL_SDHC: 0 (eMMC)\nFSL_SDHC: 1\n');
    return 0;
  }
  if (verb !== 'part') {
    print(
      'mmc - MMC sub system\n\nUsage:\nmmc list - lists available devices\nmmc part - lists available partition on mmc device\n',
    );
    return 1;
  }
  const partitions = await emmc.partitions();
  if (partitions.length === 0) {
    print('## Unknown partition table type 0\n');
    return 1;
  }
  print('\nPartition Map for MMC device 0  --   Partition Type: EFI\n\nPart\tStart LBA\tEnd LBA\t\tName\n');
  partitions.forEach(({ name, firstSector, lastSector }, index) => {
    print(`${String(index + 1).padStart(3)}\t${hex(firstSector)}\t${hex(lastSector)}\t"${name}"\n`);
  });
  return 0;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
