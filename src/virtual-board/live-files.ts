/** What a kernel makes up its files from. */
export interface Kernel {
  /** Another one after every boot. */
  readonly bootId: string;
  /** Seconds since the board was switched on or rebooted. */
  uptimeS(): number;
}

export const APEX_TEMPERATURE = '/sys/class/apex/apex_0/temp';
export const CPU_TEMPERATURE = '/sys/class/thermal/thermal_zone0/temp';
export const UPTIME = '/proc/uptime';
export const BOOT_ID = '/proc/sys/kernel/random/boot_id';

export const LIVE_PATHS = [APEX_TEMPERATURE, CPU_TEMPERATURE, UPTIME, BOOT_ID] as const;

/** Content of a file that the kernel makes up when it is read. */
export function liveContent(kernel: Kernel, path: string): string | undefined {
  const uptimeS = kernel.uptimeS();
  if (path === APEX_TEMPERATURE) return `${String(temperature(uptimeS, 44_000, 21))}\n`;
  if (path === CPU_TEMPERATURE) return `${String(temperature(uptimeS, 49_000, 13))}\n`;
  if (path === BOOT_ID) return `${kernel.bootId}\n`;
  if (path === UPTIME) return `${uptimeS.toFixed(2)} ${(uptimeS * 3.4).toFixed(2)}\n`;
  return undefined;
}

/** Millidegrees: warms up over a few minutes after power-on, then wanders by about a degree. */
function temperature(uptimeS: number, settledMilliC: number, periodS: number): number {
  const warmUp = -12_000 * Math.exp(-uptimeS / 120);
  const wander = 700 * Math.sin((2 * Math.PI * uptimeS) / periodS) + 300 * Math.sin((2 * Math.PI * uptimeS) / 5.3);
  return Math.round((settledMilliC + warmUp + wander) / 100) * 100;
}
