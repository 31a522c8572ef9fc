import { resolveSetting } from '../config/settings.js';
import type { Device } from '../device/device.js';
import { matchesSelector, parseSelector } from '../device/selector.js';
import { UsageError } from '../errors.js';
import type { Cli } from './cli.js';

/** Tells whether a board is the one that is used when none is named: `MDT_DEVICE`, else the `preferred-device` variable. */
export async function defaultBoard(host: Cli['host']): Promise<(device: Device) => boolean> {
  const { value } = await resolveSetting('preferred-device', host.paths, host.environment);
  if (value === undefined || value === '') return () => false;
  try {
    const selector = parseSelector(value);
    return device => matchesSelector(device, selector);
  } catch (error) {
    // A preference that no board can match, left by another tool: the list is still worth printing.
    if (error instanceof UsageError) return () => false;
    throw error;
  }
}
