const DECIMAL = { base: 1000, units: ['B', 'kB', 'MB', 'GB', 'TB'] };
const BINARY = { base: 1024, units: ['B', 'KiB', 'MiB', 'GiB', 'TiB'] };

/** `1.5 MB`: three digits at most, decimal units as disks and links are sold in. */
export function formatBytes(sizeBytes: number): string {
  return inUnits(sizeBytes, DECIMAL, 99.95);
}

/** `553.6 KiB`: memory, as the Edge TPU compiler prints it. */
export function formatMemory(sizeBytes: number): string {
  return inUnits(sizeBytes, BINARY, Infinity);
}

/** From `wholeFrom` on, a number has no decimal. */
function inUnits(sizeBytes: number, { base, units }: typeof DECIMAL, wholeFrom: number): string {
  let value = sizeBytes;
  let unit = 0;
  while (value >= base - 0.5 && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return `${unit === 0 || value >= wholeFrom ? String(Math.round(value)) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** `0:07`, `12:30`, `1:02:03`. */
export function formatRemaining(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = String(rest).padStart(2, '0');
  return hours > 0 ? `${String(hours)}:${String(minutes).padStart(2, '0')}:${tail}` : `${String(minutes)}:${tail}`;
}

/** `0.8 s`, `12 s`, `3 min 20 s`. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 99.5) return `${String(Math.round(seconds))} s`;
  const whole = Math.round(seconds);
  return `${String(Math.floor(whole / 60))} min ${String(whole % 60)} s`;
}

/** `1 file`, `2 files`. */
export function plural(count: number, word: string): string {
  return `${String(count)} ${word}${count === 1 ? '' : 's'}`;
}
