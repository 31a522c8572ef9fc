import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const PROGRAMS = [
  'ip',
  'tc',
  'nsenter',
  'unshare',
  'mount',
  'chroot',
  'sshd',
  'ssh',
  'sftp',
  'ssh-keygen',
  'avahi-daemon',
  'avahi-browse',
  'dbus-daemon',
  'rsync',
  'python3',
] as const;

/** Why the lab cannot run here, as one sentence; undefined if it can. It is asked for with MDT_LAB=1. */
export function labMissing(): string | undefined {
  if (process.env['MDT_LAB'] !== '1') return 'needs MDT_LAB=1 (npm run test:lab)';
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root, for network namespaces';
  const absent = PROGRAMS.filter(program => !hasProgram(program));
  return absent.length === 0 ? undefined : `needs ${absent.join(', ')}`;
}

/** U-Boot for QEMU's machine `virt`. */
export const U_BOOT_IMAGE = '/usr/lib/u-boot/qemu_arm64/u-boot.bin';

/** Why no U-Boot can run here; undefined if it can. */
export function uBootMissing(): string | undefined {
  const absent = ['qemu-system-aarch64', 'setpriv'].filter(program => !hasProgram(program));
  if (absent.length > 0) return `needs ${absent.join(', ')}`;
  return existsSync(U_BOOT_IMAGE) ? undefined : "needs Debian's package u-boot-qemu";
}

export function hasProgram(name: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some(folder => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false; // Not in this folder.
    }
  });
}
