import type { Environment } from './environment.js';
import type { ConfigPaths } from './paths.js';
import { readVariable, VARIABLES, type VariableName } from './variables.js';

/** A value, and where it comes from. */
export interface Setting {
  readonly value: string | undefined;
  readonly source: 'flag' | 'environment' | 'variable' | 'default';
}

/** Value of a setting by precedence: flag, environment, stored variable, default. */
export async function resolveSetting(
  name: VariableName,
  paths: ConfigPaths,
  environment: Environment,
  flag?: string,
): Promise<Setting> {
  if (flag !== undefined) return { value: flag, source: 'flag' };
  const override = environment.overrides[name];
  if (override !== undefined) return { value: override, source: 'environment' };
  const stored = await readVariable(paths.attribsDir, name);
  if (stored !== undefined) return { value: stored, source: 'variable' };
  return { value: VARIABLES[name].default, source: 'default' };
}
