import { whitelistedVariables } from '../config/environment.js';
import { resolveSetting } from '../config/settings.js';
import type { Cli } from './cli.js';

/** The variables of this host that programs on the board see, by the `env-whitelist` setting. */
export async function remoteEnvironment({ environment, paths }: Cli['host']): Promise<Record<string, string>> {
  const { value } = await resolveSetting('env-whitelist', paths, environment);
  return whitelistedVariables(environment, value ?? '');
}
