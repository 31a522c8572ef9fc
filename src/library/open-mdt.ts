import { resolve } from 'node:path';
import { readEnvironment } from '../config/environment.js';
import { thisHost, type HostContext } from '../pairing/host.js';
import { listBoards, waitForBoard, watchBoards } from '../pairing/boards.js';
import { ConnectedBoard } from './connected-board.js';
import { flash, flashEvery, preview } from './flash.js';
import { hostKeys } from './host-keys.js';
import type { Mdt } from './mdt.js';
import { settingsOf } from './settings.js';

/** Where the library keeps its files, and which environment it sees. */
export interface OpenMdtOptions {
  /** Directory of the settings, keys and known boards; default: `MDT_CONFIG_DIR`, else `~/.config/mdt`. */
  readonly configDir?: string | undefined;
  /** Environment variables; default: those of this process. */
  readonly variables?: Readonly<NodeJS.ProcessEnv> | undefined;
}

/** Opens the settings, keys and known boards of this host. Nothing is read before a method needs it. */
export function openMdt({ configDir, variables }: OpenMdtOptions = {}): Mdt {
  const given = readEnvironment(variables);
  const environment = configDir === undefined ? given : { ...given, configDir: resolve(configDir) };
  const host = thisHost(environment);
  return {
    ...findingOf(host),
    ...flashingOf(host),
    ...hostToolsOf(given.variables),
    keys: hostKeys(host),
    settings: settingsOf(host),
  };
}

type Finding = Pick<Mdt, 'devices' | 'watch' | 'waitFor' | 'connect' | 'pair' | 'pairByConsole' | 'forget'>;

function findingOf(host: HostContext): Finding {
  return {
    devices: options => listBoards(host, options),
    watch: options => watchBoards(host, options),
    waitFor: (device, options) => waitForBoard(host, { ...options, device }),
    connect: async (device, options) => {
      const { contactBoard } = await import('../pairing/contact.js');
      return new ConnectedBoard(await contactBoard(host, { ...options, device }));
    },
    pair: async (device, options) => {
      const { pairBoard } = await import('../pairing/pair.js');
      return await pairBoard(host, { ...options, device });
    },
    pairByConsole: async (place, options) => {
      const { pairByConsole } = await import('../pairing/console-pair.js');
      return await pairByConsole(host, { ...options, place });
    },
    forget: async device => {
      const { forgetKnownBoard } = await import('../pairing/pair.js');
      return await forgetKnownBoard(host, device);
    },
  };
}

function flashingOf(host: HostContext): Pick<Mdt, 'flash' | 'flashAll' | 'previewFlash'> {
  return {
    flash: options => flash(host, options),
    flashAll: options => flashEvery(host, options),
    previewFlash: options => preview(host, options),
  };
}

type HostTools = Pick<Mdt, 'serialPorts' | 'openConsole' | 'checkUdev' | 'installUdev' | 'compile'>;

function hostToolsOf(variables: Readonly<NodeJS.ProcessEnv>): HostTools {
  return {
    serialPorts: async () => (await import('../discovery/serial-ports.js')).listSerialPorts(),
    openConsole: async (port, options) => (await import('../console/open-console.js')).openConsole(port, options),
    checkUdev: async () => (await import('../udev/check-rules.js')).checkRules(),
    installUdev: async options => (await import('../udev/install-rules.js')).installRules(options),
    compile: async (files, options = {}) => {
      const { compileModels } = await import('../models/compile.js');
      return await compileModels({ ...options, files, variables }, options);
    },
  };
}
