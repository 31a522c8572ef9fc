// The virtual machine: QEMU without acceleration, so that it runs wherever the tests do.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Kernel } from './kernel.js';

export interface MachineOptions {
  readonly kernel: Kernel;
  /** Node program to run in the machine, at the same path as here: its root is this computer's, read-only. */
  readonly program: string;
  /** The folder of this computer whose place the one in the kernel's initramfs takes. */
  readonly project: string;
  readonly timeoutMs: number;
}

const KERNEL_WORDS = [
  ...['console=ttyS0', 'quiet', 'loglevel=3', 'panic=-1', 'mitigations=off', 'nokaslr', 'tsc=reliable'],
  ...['no_timer_check', 'random.trust_cpu=on', 'cryptomgr.notests'],
];

/** Runs the program in the machine; what it prints goes to stdout. Resolves with its exit code. */
export async function runMachine({ kernel, program, project, timeoutMs }: MachineOptions): Promise<number> {
  const words = [...KERNEL_WORDS, `node=${process.execPath}`, `run=${program}`, `project=${project}`];
  const qemu = spawn(
    'qemu-system-x86_64',
    [
      ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-machine', 'q35', '-smp', '2', '-m', '1536'],
      ...['-nodefaults', '-no-user-config', '-nographic', '-no-reboot', '-serial', 'stdio', '-net', 'none'],
      ...['-kernel', kernel.image, '-initrd', kernel.initramfs, '-append', words.join(' ')],
      ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=0x01'],
      ...['-fsdev', 'local,id=root,path=/,security_model=none,readonly=on,multidevs=remap'],
      ...['-device', 'virtio-9p-pci,fsdev=root,mount_tag=rootfs'],
    ],
    { stdio: ['ignore', 'inherit', 'inherit'], timeout: timeoutMs, killSignal: 'SIGKILL' },
  );
  const [status] = (await once(qemu, 'close')) as [number | null];
  // Only an odd status comes from the program; all else is a panic, a root that is lost, or the end of the time.
  if (status === null || status % 2 === 0) throw new Error('The virtual machine ended before its program did.');
  return status >> 1;
}
