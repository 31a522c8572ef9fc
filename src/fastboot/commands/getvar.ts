import { safeText } from '../../device/board-text.js';
import type { Channel } from '../channel.js';
import type { ExchangeOptions } from '../exchange.js';
import { FastbootFailError } from '../fail-error.js';
import { parseVariableLine } from '../variables.js';

/** The value of a variable, safe to print. @throws FastbootFailError if the board does not have it */
export async function getvar(channel: Channel, name: string, options: ExchangeOptions): Promise<string> {
  return safeText((await channel.command(`getvar:${name}`, options)).trim());
}

/**
 * The value of a variable, or undefined if the board does not have it. U-Boot refuses a name that it does not know; LK
 * answers it with nothing (lib/fastboot in the public sources of LK, `cmd_getvar`).
 */
export async function findVariable(
  channel: Channel,
  name: string,
  options: ExchangeOptions,
): Promise<string | undefined> {
  try {
    const value = await getvar(channel, name, options);
    return value === '' ? undefined : value;
  } catch (error) {
    if (error instanceof FastbootFailError) return undefined;
    throw error;
  }
}

/**
 * The variables that the board lists, in its order. More may exist: asked for one by one, boards answer to names that
 * they do not list.
 */
export async function getAllVariables(channel: Channel, options: ExchangeOptions): Promise<Map<string, string>> {
  const variables = new Map<string, string>();
  await channel.command('getvar:all', {
    ...options,
    onMessage: message => {
      const variable = message.kind === 'info' ? parseVariableLine(message.text) : undefined;
      if (variable) variables.set(variable.name, variable.value);
      else options.onMessage?.(message);
    },
  });
  return variables;
}
