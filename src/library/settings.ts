import { resolveSetting, type Setting } from '../config/settings.js';
import { clearVariable, VARIABLES, writeVariable, type VariableName } from '../config/variables.js';
import { parseSelector } from '../device/selector.js';
import type { HostContext } from '../pairing/host.js';

/** The settings of this host, as `mdt get`, `mdt set` and `mdt clear` use them. */
export interface Settings {
  /** Value in force and where it comes from. @throws FileError */
  get(name: VariableName): Promise<Setting>;
  /** All settings by name. @throws FileError */
  all(): Promise<ReadonlyMap<VariableName, Setting>>;
  /** @throws UsageError if the value cannot be stored, FileError */
  set(name: VariableName, value: string): Promise<void>;
  /** Goes back to the default; reports whether the setting was stored. @throws FileError */
  clear(name: VariableName): Promise<boolean>;
}

const NAMES = Object.keys(VARIABLES) as VariableName[];

export function settingsOf({ paths, environment }: HostContext): Settings {
  const get = (name: VariableName): Promise<Setting> => resolveSetting(name, paths, environment);
  return {
    get,
    all: async () => new Map(await Promise.all(NAMES.map(async name => [name, await get(name)] as const))),
    set: async (name, value) => {
      if (name === 'preferred-device') parseSelector(value);
      await writeVariable(paths.attribsDir, name, value);
    },
    clear: name => clearVariable(paths.attribsDir, name),
  };
}
