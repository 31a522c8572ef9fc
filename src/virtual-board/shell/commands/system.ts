import { posix } from 'node:path';
import { refuses } from '../../faults.js';
import { has, parseOptions, valueOf } from '../options.js';
import { ProgramError, type BoardProcess, type Program } from '../program.js';

/** Programs that ask or tell the board itself something. */
export const systemPrograms: Readonly<Record<string, Program>> = {
  df,
  du,
  free,
  reboot: process => goDown(process, 'linux'),
  'reboot-bootloader': process => goDown(process, 'bootloader'),
  service: process => systemctlCall(process, process.args[1] ?? '', [process.args[0] ?? '']),
  shutdown: process => goDown(process, 'linux'),
  stty,
  systemctl,
};

/** Units of a board that can be asked about; keymaster alone can be started and stopped. */
const UNITS: Readonly<Record<string, (process: BoardProcess) => boolean>> = {
  'mdt-keymaster': process => process.options.control.isKeymasterRunning(),
  ssh: () => true,
  sshd: () => true,
  'avahi-daemon': () => true,
};

function systemctl(process: BoardProcess): Promise<number> {
  const words = process.args.filter(arg => !arg.startsWith('-'));
  const [verb = 'list-units', ...units] = words;
  return systemctlCall(process, verb, units);
}

async function systemctlCall(process: BoardProcess, verb: string, units: readonly string[]): Promise<number> {
  if (verb === 'reboot') return goDown(process, 'linux');
  if (verb === 'daemon-reload') return 0;
  if (verb === 'is-system-running') {
    await process.print('running\n');
    return 0;
  }
  let status = 0;
  for (const unit of units) status = Math.max(status, await unitCall(process, verb, unit.replace(/\.service$/, '')));
  return status;
}

async function unitCall(process: BoardProcess, verb: string, unit: string): Promise<number> {
  if (/^(?:re|try-re)?(?:start|load)$/.test(verb)) return restart(process, verb, unit);
  const isActive = Object.hasOwn(UNITS, unit) ? UNITS[unit]?.(process) : undefined;
  if (verb === 'is-active') {
    await process.print(isActive === true ? 'active\n' : 'inactive\n');
    return isActive === true ? 0 : 3;
  }
  if (verb === 'is-enabled') {
    if (isActive !== undefined) await process.print('enabled\n');
    return isActive === undefined ? 1 : 0;
  }
  if (verb !== 'status') throw new ProgramError(`Unknown operation ${verb}.`);
  if (isActive === undefined) throw new ProgramError(`Unit ${unit}.service could not be found.`, 4);
  await process.print(`${unit}.service\n   Active: ${isActive ? 'active (running)' : 'inactive (dead)'}\n`);
  return isActive ? 0 : 3;
}

async function restart(process: BoardProcess, verb: string, unit: string): Promise<number> {
  const say = async (reason: string, status: number): Promise<number> => {
    await process.options.stderr.write(Buffer.from(`Failed to ${verb} ${unit}.service: ${reason}\n`), process.signal);
    return status;
  };
  if (!Object.hasOwn(UNITS, unit)) return say(`Unit ${unit}.service not found.`, 5);
  if (!process.isRoot) return say('Interactive authentication required.', 1);
  if (unit === 'mdt-keymaster' && refuses(process.board.faults, 'keymaster-restart')) {
    const text = `Job for ${unit}.service failed because the control process exited with error code.\n`;
    await process.options.stderr.write(Buffer.from(text), process.signal);
    return 1;
  }
  if (unit === 'mdt-keymaster') await process.options.control.restartKeymaster();
  return 0;
}

async function goDown(process: BoardProcess, into: 'linux' | 'bootloader'): Promise<number> {
  if (!process.isRoot) {
    const text = 'Failed to set wall message, ignoring: Interactive authentication required.\n';
    await process.options.stderr.write(Buffer.from(`${text}Failed to reboot system: Access denied\n`), process.signal);
    return 1;
  }
  process.options.control.reboot(into);
  return 0;
}

/** The one setting that scripts change on a console, and the one that they ask for. */
async function stty(process: BoardProcess): Promise<number> {
  const { terminal } = process.options;
  if (terminal === undefined) throw new ProgramError("'standard input': Inappropriate ioctl for device");
  for (const word of process.args) {
    if (word === 'size') await process.print(`${String(terminal.size.rows)} ${String(terminal.size.columns)}\n`);
    else if (word === 'echo' || word === 'sane') terminal.echoes = true;
    else if (word === '-echo') terminal.echoes = false;
    else throw new ProgramError(`invalid argument '${word}'`);
  }
  return 0;
}

async function df(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, {
    letters: 'hkmPTaiB:t:',
    long: { 'human-readable': 'h', 'block-size': 'B', output: 'o', portability: 'P' },
  });
  const { disk } = process.files;
  const used = await disk.usedBytes();
  const unit = blockUnit(has(options, 'h') ? 'h' : has(options, 'm') ? 'M' : (valueOf(options, 'B') ?? 'K'));
  const numbers = [disk.sizeBytes, used, Math.max(0, disk.sizeBytes - used)].map(unit.format);
  const percent = `${String(Math.min(100, Math.ceil((used / disk.sizeBytes) * 100)))}%`;
  await process.print(`Filesystem     ${unit.title.padStart(9)}     Used Available Use% Mounted on\n`);
  const [size = '', taken = '', free = ''] = numbers;
  await process.print(
    `/dev/mmcblk0p3 ${size.padStart(9)} ${taken.padStart(8)} ${free.padStart(9)} ${percent.padStart(4)} /home\n`,
  );
  return 0;
}

function blockUnit(unit: string): { readonly title: string; format: (bytes: number) => string } {
  if (unit === '1') return { title: '1B-blocks', format: bytes => String(bytes) };
  if (unit === 'M' || unit === '1M')
    return { title: '1M-blocks', format: bytes => String(Math.ceil(bytes / 1024 ** 2)) };
  if (unit === 'h') return { title: 'Size', format: bytes => `${String(Math.ceil(bytes / 1024 ** 2))}M` };
  return { title: '1K-blocks', format: bytes => String(Math.ceil(bytes / 1024)) };
}

async function du(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'bhksa', long: { bytes: 'b', summarize: 's' } });
  const operands = options.operands.length > 0 ? options.operands : ['.'];
  return process.forEach(operands, async (path, name) => {
    const bytes = await treeBytes(process, path);
    await process.print(`${String(has(options, 'b') ? bytes : Math.ceil(bytes / 1024))}\t${name}\n`);
  });
}

async function treeBytes(process: BoardProcess, path: string): Promise<number> {
  const stats = await process.files.lstat(path);
  if (!stats.isDirectory()) return stats.size;
  let total = 0;
  for (const name of await process.files.readdir(path)) total += await treeBytes(process, posix.join(path, name));
  return total;
}

async function free(process: BoardProcess): Promise<number> {
  await process.print('              total        used        free      shared  buff/cache   available\n');
  await process.print('Mem:        1008528      190416      512044       12516      306068      746724\n');
  await process.print('Swap:             0           0           0\n');
  return 0;
}
