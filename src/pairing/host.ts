import { readEnvironment, type Environment } from '../config/environment.js';
import { configPaths, type ConfigPaths } from '../config/paths.js';
import { resolveSetting } from '../config/settings.js';
import type { Device } from '../device/device.js';
import { parseSelector, type DeviceSelector } from '../device/selector.js';
import type { DiscoveryOptions } from '../discovery/discover.js';
import type { DiscoverySource } from '../discovery/source.js';
import type { Identity } from '../keys/identity.js';
import { loadKnownBoards, type KnownBoard } from '../keys/known-boards.js';
import { ensureIdentity, loadIdentity } from '../keys/keystore.js';
import type { LongOperation } from '../time/progress.js';

/** This host: where it keeps its keys and settings, and what its environment says. */
export interface HostContext {
  readonly paths: ConfigPaths;
  readonly environment: Environment;
  /** Looks for boards; default: on every network interface. */
  readonly discover?: Discover;
  /** Where boards are watched for; default: everywhere. */
  readonly sources?: (() => readonly DiscoverySource[]) | undefined;
}

/** This host as its environment describes it: what every call that reaches a board takes first. */
export function thisHost(environment: Environment = readEnvironment()): HostContext {
  return { paths: configPaths(environment.configDir), environment };
}

export type Discover = (options: DiscoveryOptions) => Promise<Device[]>;

/** Which board a command wants, and how far it may go to get it. */
export interface BoardRequest extends LongOperation {
  /** What the user wrote: a selector. Else `MDT_DEVICE`, the `preferred-device` variable, or the only board found. */
  readonly device?: string | undefined;
  /** Bound on finding the board; default 10 s. */
  readonly timeoutMs?: number | undefined;
  /** Asks the user when several boards match; without it that is an AmbiguousDeviceError. */
  readonly choose?: ((devices: readonly Device[]) => Promise<Device>) | undefined;
  /** Push a key, or send the password, over a route that is not local by evidence too. */
  readonly allowNetwork?: boolean | undefined;
}

/** What this host brings to a connection. */
export interface HostLogin {
  readonly username: string;
  readonly password: string;
  readonly identity: Identity;
  readonly known: readonly KnownBoard[];
}

/** Reads the settings, keys and known boards; makes the key if there is none, as MDT does on first contact. */
export async function openHost(host: HostContext, operation: LongOperation = {}): Promise<HostLogin> {
  const [username, password, identity, known] = await Promise.all([
    resolveSetting('username', host.paths, host.environment),
    resolveSetting('password', host.paths, host.environment),
    loadIdentity(host.paths),
    loadKnownBoards(host.paths.knownBoardsFile),
  ]);
  return {
    username: username.value ?? '',
    password: password.value ?? '',
    identity: identity ?? (await makeIdentity(host, operation)),
    known,
  };
}

/** Searches the network; the code for it is loaded when it is first needed, since a known board answers without. */
export async function search(host: HostContext, options: DiscoveryOptions): Promise<Device[]> {
  const discover = host.discover ?? (await import('../discovery/discover.js')).discover;
  return discover(options);
}

/** The selector in force: what the command names, else the environment, else the stored preference. */
export async function wantedSelector(host: HostContext, device?: string): Promise<DeviceSelector | undefined> {
  const { value } = await resolveSetting('preferred-device', host.paths, host.environment, device);
  return value === undefined || value === '' ? undefined : parseSelector(value);
}

/**
 * The same for boards that do not run their system and have no host name or address then: what was named, else a
 * preference only if it is a serial number or a place.
 */
export async function wantedPlace(host: HostContext, device?: string): Promise<DeviceSelector | undefined> {
  const selector = await wantedSelector(host, device);
  const isPlace = selector?.kind !== 'name' && selector?.kind !== 'address';
  return device !== undefined || isPlace ? selector : undefined;
}

async function makeIdentity(host: HostContext, { onProgress }: LongOperation): Promise<Identity> {
  onProgress?.({ kind: 'message', task: 'key', text: 'Making a key for this host; this happens once.' });
  return ensureIdentity(host.paths);
}
