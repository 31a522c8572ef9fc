import type { Release } from '../release.js';

/** What a kernel and systemd say while they start; only lines that somebody waits for, and a few around them. */
export function bootLines(release: Release): string {
  return [
    '',
    'Starting kernel ...',
    '',
    '[    0.000000] Booting Linux on physical CPU 0x0',
    `[    0.000000] Linux version ${release.kernel} (mendel@virtual) #1 SMP PREEMPT`,
    '[    0.000000] Machine model: Freescale i.MX8MQ Phanbell',
    '[    2.104242] mmcblk0: mmc0:0001 virtual',
    '[    3.012345] systemd[1]: Set hostname.',
    '[  OK  ] Reached target Local File Systems.',
    '',
  ].join('\n');
}

/** The line that systemd rewrites while the scripts of a first boot run. */
export function firstBootLine(doneS: number): string {
  return `\r[   ***] A start job is running for Scripts that should be run only once (${String(doneS)}s / no limit)`;
}

export const SHUTDOWN_LINES = '\n[  OK  ] Reached target Reboot.\n[   99.000000] reboot: Restarting system\n';
