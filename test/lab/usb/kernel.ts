// The kernel of the virtual machine: Debian's own, taken out of its package, with the modules that the lab needs.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildInitramfs } from './initramfs.js';

export interface Kernel {
  /** Uncompressed, which starts seconds sooner in emulation. */
  readonly image: string;
  readonly initramfs: string;
}

const MODULES = ['virtio_pci', '9pnet_virtio', '9p', 'vhci-hcd', 'cdc-acm', 'cp210x'] as const;
const WANTED = [
  './boot/vmlinuz*',
  '*/modules.builtin',
  ...['drivers/usb', 'drivers/virtio', 'fs/9p', 'net/9p', 'fs/netfs', 'fs/fscache'].map(path => `*/kernel/${path}/*`),
];

export interface Project {
  readonly folder: string;
  readonly parts: readonly string[];
}

/** Prepares both files below `cacheDir`, or takes those that are there. */
export function prepareKernel(cacheDir: string, initScript: string, project: Project): Kernel {
  const version = kernelVersion();
  const folder = join(cacheDir, version);
  if (!existsSync(join(folder, 'vmlinux'))) unpackKernel(version, folder);
  const initramfs = join(folder, 'initramfs.cpio');
  const own = { modules: join(folder, 'lib', 'modules'), busybox: '/bin/busybox', init: initScript };
  const files = { ...own, project: project.folder, parts: project.parts };
  writeFileSync(initramfs, buildInitramfs(files, MODULES));
  return { image: join(folder, 'vmlinux'), initramfs };
}

/** The package that `linux-image-amd64` stands for, such as 6.1.0-56-amd64; it moves with security updates. */
function kernelVersion(): string {
  const ask = (): string | undefined => {
    const { stdout } = spawnSync('apt-cache', ['depends', 'linux-image-amd64'], { encoding: 'utf8' });
    return /Depends: linux-image-(\S+)/.exec(stdout)?.[1];
  };
  const known = ask();
  if (known !== undefined) return known;
  execFileSync('apt-get', ['update', '-qq'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const version = ask();
  if (version === undefined) throw new Error('apt knows no package linux-image-amd64.');
  return version;
}

function unpackKernel(version: string, folder: string): void {
  const work = `${folder}.partial`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  execFileSync('apt-get', ['download', '-qq', `linux-image-${version}`], {
    cwd: work,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const deb = readdirSync(work).find(name => name.endsWith('.deb'));
  if (deb === undefined) throw new Error('apt-get downloaded no kernel.');
  const tar = ['sh', '-c', 'dpkg-deb --fsys-tarfile "$0" | tar -x --wildcards "$@"', deb, ...WANTED] as const;
  // Not every kernel has each of them as a module.
  spawnSync(tar[0], tar.slice(1), { cwd: work });
  rmSync(join(work, deb));
  writeFileSync(join(work, 'vmlinux'), uncompressed(readFileSync(join(work, 'boot', `vmlinuz-${version}`))));
  renameSync(work, folder);
}

/** A bzImage holds the kernel as an xz stream somewhere behind its loader. */
function uncompressed(bzImage: Buffer): Buffer {
  const magic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]);
  for (let start = bzImage.indexOf(magic); start >= 0; start = bzImage.indexOf(magic, start + 1)) {
    const { stdout } = spawnSync('xz', ['-dc', '--single-stream'], {
      input: bzImage.subarray(start),
      maxBuffer: 1 << 28,
    });
    if (stdout.length > 1_000_000 && stdout.readUInt32BE(0) === 0x7f454c46) return stdout;
  }
  throw new Error('The kernel image holds no ELF file packed by xz.');
}
