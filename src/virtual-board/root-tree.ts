import { randomBytes } from 'node:crypto';
import type { Release } from './release.js';
import type { BoardFileSystem } from './storage/file-system.js';

export const HOME = '/home/mendel';
export const AUTHORIZED_KEYS = `${HOME}/.ssh/authorized_keys`;
export const DPKG_STATUS = '/var/lib/dpkg/status';

const FOLDERS = [
  '/bin /boot /dev /dev/shm /etc /etc/apt /etc/ssh /home /lib /media /mnt /opt /proc /root /run /run/user /run/user/1000',
  '/sbin /srv /sys/class/apex/apex_0 /sys/class/thermal/thermal_zone0 /sys/devices/system/cpu/cpu0/cpufreq /tmp /usr/bin',
  '/usr/lib /usr/local/bin /usr/sbin /usr/share/doc /var/cache/apt/archives /var/lib/dpkg/info /var/log /var/tmp',
].flatMap(line => line.split(' '));

/** Makes what is missing of a freshly flashed board's files; what is there stays. */
export async function makeRootTree(files: BoardFileSystem, release: Release, hostName: string): Promise<void> {
  for (const folder of FOLDERS) await files.makeDirectories(folder);
  await files.makeDirectories(HOME);
  await files.makeDirectories(`${HOME}/.ssh`, 0o700);
  for (const [path, content] of Object.entries(rootFiles(release, hostName))) {
    if (!(await files.exists(path))) await files.writeFile(path, content);
  }
}

function rootFiles(release: Release, hostName: string): Record<string, string> {
  return {
    [DPKG_STATUS]: basePackages(release),
    '/etc/debian_version': '10.0\n',
    '/etc/hostname': `${hostName}\n`,
    '/etc/hosts': `127.0.0.1\tlocalhost\n127.0.1.1\t${hostName}\n`,
    '/etc/machine-id': `${randomBytes(16).toString('hex')}\n`,
    '/etc/mendel_version': `${release.mendelVersion}\n`,
    '/etc/os-release': osRelease(release),
    '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nmendel:x:1000:1000:Mendel:/home/mendel:/bin/bash\n',
    '/etc/group': 'root:x:0:\nsudo:x:27:mendel\nmendel:x:1000:\n',
    ...sysFiles(),
  };
}

function osRelease(release: Release): string {
  return [
    `PRETTY_NAME="Mendel GNU/Linux ${String(release.number)} (${release.title})"`,
    'NAME="Mendel GNU/Linux"',
    `VERSION_ID="${String(release.number)}"`,
    `VERSION="${String(release.number)} (${release.name})"`,
    'ID=mendel',
    'ID_LIKE=debian',
    'HOME_URL="https://coral.ai/"',
    '',
  ].join('\n');
}

/** Files of the kernel that do not change; those that do are made up when they are read (live-files.ts). */
function sysFiles(): Record<string, string> {
  const apex = '/sys/class/apex/apex_0';
  const cpu = '/sys/devices/system/cpu/cpu0/cpufreq';
  return {
    [`${apex}/status`]: 'ALIVE\n',
    [`${apex}/temp_poll_interval`]: '5000\n',
    [`${apex}/trip_point0_temp`]: '85000\n',
    [`${apex}/trip_point1_temp`]: '90000\n',
    [`${apex}/trip_point2_temp`]: '95000\n',
    '/sys/class/thermal/thermal_zone0/type': 'cpu_thermal\n',
    [`${cpu}/scaling_governor`]: 'ondemand\n',
    [`${cpu}/scaling_min_freq`]: '500000\n',
    [`${cpu}/scaling_max_freq`]: '1500000\n',
    '/proc/cmdline': 'console=ttymxc0,115200 root=/dev/mmcblk0p4 rootfstype=ext4 rw\n',
  };
}

/** The packages that scripts ask about; all others of a real board are left out. */
function basePackages(release: Release): string {
  const packages = [
    ['base-files', '10.3+deb10u1', 'Debian base system miscellaneous files'],
    ['libc6', '2.28-10', 'GNU C Library: Shared libraries'],
    ['libedgetpu1-std', '15.0', 'Support library for Edge TPU'],
    ['mdt-services', `${String(release.number)}.0`, 'Services for the Mendel Development Tool'],
    ['python3', '3.7.3-1', 'interactive high-level object-oriented language'],
  ] as const;
  return packages
    .map(
      ([name, version, description]) =>
        `Package: ${name}\nStatus: install ok installed\nArchitecture: arm64\nVersion: ${version}\nDescription: ${description}\n`,
    )
    .join('\n');
}
