import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** The part of the process environment that mdt looks at; read here and nowhere else. */
export interface Environment {
  /** Folder of settings and keys: `MDT_CONFIG_DIR`, else `~/.config/mdt` as Python MDT has it on every system. */
  readonly configDir: string;
  readonly homeDir: string;
  /**
   * Folder of what can be made anew at any time: below `MDT_CONFIG_DIR` where that is set, else where the system has
   * caches. Undefined if that is no absolute path, or if `NODE_DISABLE_COMPILE_CACHE`, Node's own switch, is set.
   */
  readonly codeCacheDir: string | undefined;
  /** Overrides of the settings, by the name of the setting. */
  readonly overrides: Readonly<Partial<Record<string, string>>>;
  /** `NO_COLOR` is set and not empty (no-color.org). */
  readonly noColor: boolean;
  /** A continuous-integration service is running the command: no bars, no prompts. */
  readonly ci: boolean;
  /** Terminal type for a pty on the board. */
  readonly term: string;
  /** Show stacks of expected errors too. */
  readonly debug: boolean;
  /** All variables, for the env-whitelist only. */
  readonly variables: Readonly<NodeJS.ProcessEnv>;
}

/** Environment variable that overrides each setting. */
export const OVERRIDE_VARIABLES = {
  'preferred-device': 'MDT_DEVICE',
  username: 'MDT_USERNAME',
  password: 'MDT_PASSWORD',
  'env-whitelist': 'MDT_ENV_WHITELIST',
} as const;

export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): Environment {
  const homeDir = variables['HOME'] ?? homedir();
  const overrides = Object.entries(OVERRIDE_VARIABLES).flatMap(([setting, variable]) => {
    const value = variables[variable];
    return value === undefined || value === '' ? [] : [[setting, value] as const];
  });
  return {
    configDir: variables['MDT_CONFIG_DIR'] ?? join(homeDir, '.config', 'mdt'),
    homeDir,
    codeCacheDir: codeCacheDir(variables, homeDir),
    overrides: Object.fromEntries(overrides),
    noColor: isSet(variables['NO_COLOR']),
    ci: isSet(variables['CI']) && variables['CI'] !== 'false',
    term: variables['TERM'] ?? 'xterm',
    debug: isSet(variables['MDT_DEBUG']),
    variables,
  };
}

function codeCacheDir(variables: NodeJS.ProcessEnv, homeDir: string): string | undefined {
  if (isSet(variables['NODE_DISABLE_COMPILE_CACHE'])) return undefined;
  const configDir = variables['MDT_CONFIG_DIR'];
  // A path that is not absolute would have code read from whatever folder the command is started in.
  if (configDir !== undefined) return isAbsolute(configDir) ? join(configDir, 'code-cache') : undefined;
  const xdgDir = variables['XDG_CACHE_HOME'] ?? '';
  const defaults: Partial<Record<NodeJS.Platform, string | undefined>> = {
    darwin: join(homeDir, 'Library', 'Caches'),
    win32: variables['LOCALAPPDATA'],
  };
  const cacheDir = isAbsolute(xdgDir) ? xdgDir : (defaults[process.platform] ?? join(homeDir, '.cache'));
  return isAbsolute(cacheDir) ? join(cacheDir, 'mdt', 'code-cache') : undefined;
}

/** Variables that `whitelist` (names and `NAME_*` patterns, separated by spaces) lets through to the board. */
export function whitelistedVariables(environment: Environment, whitelist: string): Record<string, string> {
  const patterns = whitelist.split(/\s+/).filter(word => word !== '');
  const passes = (name: string): boolean =>
    patterns.some(pattern => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
  return Object.fromEntries(
    Object.entries(environment.variables).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && passes(entry[0]),
    ),
  );
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
