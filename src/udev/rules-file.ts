import { readFile } from 'node:fs/promises';

export const RULES_NAME = '65-mendel.rules';

/** Where the rules lie in this package: the build puts them beside the code that asks. */
const rulesFileUrl = new URL(RULES_NAME, import.meta.url);

/** The udev rules that let ordinary users open boards on USB. */
export async function readRules(): Promise<string> {
  return await readFile(rulesFileUrl, 'utf8');
}
