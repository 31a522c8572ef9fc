// The disk, kernel and initrd of the emulated board, built once and kept in a cache folder.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { mustRun } from '../program.js';
import { hasProgram } from '../requirements.js';
import { repositoryRoot } from '../namespace.js';

export interface BoardImage {
  /** A folder that goes when the recipe of the image changes. */
  readonly folder: string;
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
}

const PROGRAMS = [
  ...['apt-cache', 'apt-get', 'cpio', 'depmod', 'dpkg-deb', 'flock', 'ip', 'mkfs.ext4', 'mmdebstrap', 'modprobe'],
  ...['nsenter', 'python3', 'qemu-aarch64-static', 'qemu-img', 'qemu-system-aarch64', 'sfdisk', 'unshare'],
] as const;

/** Building takes minutes: nearly all of it is dpkg under emulation. */
const BUILD_TIMEOUT_MS = 1_200_000;

/** Why no board can be emulated here, as one phrase; undefined if one can. It is asked for with MDT_BOARD_LAB=1. */
export function boardLabMissing(): string | undefined {
  if (process.env['MDT_BOARD_LAB'] !== '1') return 'needs npm run test:board';
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  const absent = PROGRAMS.filter(program => !hasProgram(program));
  return absent.length === 0 ? undefined : `needs ${absent.join(', ')}`;
}

/** Where images are kept: `MDT_LAB_CACHE`, else the cache folder of the user. */
export function cacheFolder(): string {
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return process.env['MDT_LAB_CACHE'] ?? join(caches, 'mendel-device-tool-lab');
}

/** Builds the image unless the cache has it. */
export async function buildBoardImage(): Promise<BoardImage> {
  const script = join(repositoryRoot, 'test', 'lab', 'board', 'image', 'build.sh');
  const output = await mustRun(['bash', script, cacheFolder()], { timeoutMs: BUILD_TIMEOUT_MS });
  const folder = output.split('\n').at(-1) ?? '';
  const at = (name: string): string => join(folder, name);
  return { folder, disk: at('disk.qcow2'), kernel: at('vmlinuz'), initrd: at('initrd') };
}
