import { readFile } from 'node:fs/promises';
import type { ExecutionContext } from 'ava';
import { connectFastboot } from '../../../src/fastboot/connect.js';
import type { FastbootClient } from '../../../src/fastboot/client.js';
import { until } from '../../../src/time/retry.js';
import type { BootloaderOptions, PowerState, VirtualBoard } from '../../../src/virtual-board/virtual-board.js';
import { startVirtualBoard, type VirtualBoardOptions } from '../../../src/virtual-board/virtual-board.js';

export const MIB = 1024 * 1024;
export const DISK_BYTES = 16 * MIB;

/** Partitions with the names of a Dev Board, on a disk that is quickly read and compared. */
export const SMALL: BootloaderOptions = {
  emmcSizeBytes: DISK_BYTES,
  autobootMs: 0,
  layout: [
    { name: 'boot', sizeBytes: MIB },
    { name: 'misc', sizeBytes: 4096 },
    { name: 'home', sizeBytes: MIB },
    { name: 'rootfs', offsetBytes: 4 * MIB },
  ],
};

export async function boardWithLoader(
  t: ExecutionContext,
  bootloader: BootloaderOptions = {},
  options: VirtualBoardOptions = {},
): Promise<VirtualBoard> {
  const board = await startVirtualBoard({
    announce: false,
    rebootMs: 20,
    bootloader: { ...SMALL, ...bootloader },
    ...options,
  });
  t.teardown(() => board.close());
  return board;
}

export async function fastbootOf(board: VirtualBoard, protocol: 'tcp' | 'udp' = 'tcp'): Promise<FastbootClient> {
  const port = (protocol === 'tcp' ? board.fastbootPort : board.fastbootUdpPort) ?? 0;
  return await connectFastboot({ protocol, host: '127.0.0.1', port });
}

/** Waits until the board is in that state. */
export async function powerBecomes(board: VirtualBoard, state: PowerState): Promise<void> {
  await until({ intervalMs: 5 }, () => Promise.resolve(board.power === state || undefined));
}

/**
 * Waits until a board that fastboot has told to restart is in its bootloader again: a reboot that is asked for there
 * does nothing but wait for its turn.
 */
export async function restarted(board: VirtualBoard): Promise<void> {
  await board.reboot();
}

export function userArea(board: VirtualBoard): Promise<Buffer> {
  return readFile(board.emmc?.user ?? '');
}
