import { pause } from '../../../time/deadline.js';
import { escapeText } from '../escape.js';
import { ProgramError, type BoardProcess, type Program } from '../program.js';

/** Programs that need nothing but their arguments and the board's state. */
export const basicPrograms: Readonly<Record<string, Program>> = {
  true: () => Promise.resolve(0),
  false: () => Promise.resolve(1),
  arch: printing(() => 'aarch64'),
  date,
  echo,
  groups: printing(() => 'mendel sudo'),
  hostname: printing(process => process.board.name),
  id,
  logname: printing(() => 'mendel'),
  nproc: printing(() => '4'),
  seq,
  sleep,
  stty,
  sync: () => Promise.resolve(0),
  tty: process => print(process, process.options.terminal === undefined ? 'not a tty' : '/dev/pts/0'),
  uname,
  uptime,
  whoami: printing(process => process.options.user),
};

function printing(text: (process: BoardProcess) => string): Program {
  return process => print(process, text(process));
}

async function print(process: BoardProcess, line: string): Promise<number> {
  await process.print(`${line}\n`);
  return 0;
}

async function echo(process: BoardProcess): Promise<number> {
  const flags = process.args.findIndex(arg => !/^-[neE]+$/.test(arg));
  const words = flags < 0 ? [] : process.args.slice(flags);
  const letters = (flags < 0 ? process.args : process.args.slice(0, flags)).join('');
  const text = words.join(' ');
  const escaped = letters.includes('e') ? escapeText(text) : { bytes: Buffer.from(text), isCut: false };
  await process.print(Buffer.concat([escaped.bytes, Buffer.from(letters.includes('n') || escaped.isCut ? '' : '\n')]));
  return 0;
}

/** Only UTC, as boards have it, and the conversions that scripts use. */
async function date(process: BoardProcess): Promise<number> {
  const format = process.args.find(arg => arg.startsWith('+'))?.slice(1);
  const now = new Date();
  if (format === undefined) return print(process, now.toUTCString().replace('GMT', 'UTC'));
  const iso = now.toISOString();
  const parts: Record<string, string> = {
    s: String(Math.floor(now.getTime() / 1000)),
    N: `${String(now.getUTCMilliseconds()).padStart(3, '0')}000000`,
    Y: iso.slice(0, 4),
    m: iso.slice(5, 7),
    d: iso.slice(8, 10),
    H: iso.slice(11, 13),
    M: iso.slice(14, 16),
    S: iso.slice(17, 19),
    F: iso.slice(0, 10),
    T: iso.slice(11, 19),
    '%': '%',
  };
  return print(
    process,
    format.replace(/%([sNYmdHMSFT%])/g, (_, letter: string) => parts[letter] ?? ''),
  );
}

async function id(process: BoardProcess): Promise<number> {
  const { user } = process.options;
  const number = user === 'root' ? '0' : '1000';
  const [option] = process.args;
  if (option === undefined) {
    const groups = user === 'root' ? '0(root)' : '1000(mendel),27(sudo)';
    return print(process, `uid=${number}(${user}) gid=${number}(${user}) groups=${groups}`);
  }
  if (/^-(?:un|nu|gn|ng)$/.test(option)) return print(process, user);
  if (/^-[ugG]$/.test(option)) return print(process, number);
  throw new ProgramError(`invalid option '${option}'`);
}

async function seq(process: BoardProcess): Promise<number> {
  const numbers = process.args.map(Number);
  if (numbers.length === 0 || numbers.length > 3 || numbers.some(number => !Number.isSafeInteger(number))) {
    throw new ProgramError('one to three whole numbers are needed');
  }
  const [first = 1, step = 1, last = 1] =
    numbers.length === 1 ? [1, 1, numbers[0]] : numbers.length === 2 ? [numbers[0], 1, numbers[1]] : numbers;
  if (step === 0) throw new ProgramError("invalid Zero increment value: '0'");
  for (let value = first; step > 0 ? value <= last : value >= last; value += step)
    await process.print(`${String(value)}\n`);
  return 0;
}

async function sleep(process: BoardProcess): Promise<number> {
  const factors: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };
  let ms = 0;
  for (const arg of process.args) {
    const match = /^(\d+(?:\.\d+)?|\.\d+)([smhd]?)$/.exec(arg);
    if (match === null && arg !== 'infinity') throw new ProgramError(`invalid time interval '${arg}'`);
    ms += match === null ? Infinity : Number(match[1]) * (factors[match[2] ?? ''] ?? 1) * 1000;
  }
  if (process.args.length === 0) throw new ProgramError('missing operand');
  // The longest that timers can take, 24 days, is as good as forever here.
  await pause(Math.min(ms, 0x7fff_ffff), process.signal);
  return 0;
}

async function stty(process: BoardProcess): Promise<number> {
  const { terminal } = process.options;
  if (terminal === undefined) throw new ProgramError("'standard input': Inappropriate ioctl for device");
  const { rows, columns } = terminal.size;
  if (process.args[0] === 'size') return print(process, `${String(rows)} ${String(columns)}`);
  return process.args.length > 0
    ? 0
    : print(process, `speed 38400 baud; rows ${String(rows)}; columns ${String(columns)};`);
}

async function uname(process: BoardProcess): Promise<number> {
  const { name, release } = process.board;
  const fields = {
    s: 'Linux',
    n: name,
    r: release.kernel,
    v: '#1 SMP PREEMPT',
    m: 'aarch64',
    o: 'GNU/Linux',
  };
  const letters = process.args.join('').replaceAll('-', '') || 's';
  const unknown = Array.from(letters).find(letter => letter !== 'a' && !Object.hasOwn(fields, letter));
  if (unknown !== undefined) throw new ProgramError(`invalid option -- '${unknown}'`);
  const wanted = Object.entries(fields).filter(([letter]) => letters.includes('a') || letters.includes(letter));
  return print(process, wanted.map(([, text]) => text).join(' '));
}

async function uptime(process: BoardProcess): Promise<number> {
  const minutes = Math.floor(process.board.uptimeS() / 60);
  if (process.args[0] === '-p') return print(process, `up ${String(minutes)} minutes`);
  if (process.args[0] === '-s') {
    const bootedAt = new Date(Date.now() - process.board.uptimeS() * 1000);
    return print(process, bootedAt.toISOString().slice(0, 19).replace('T', ' '));
  }
  const time = new Date().toISOString().slice(11, 19);
  return print(process, ` ${time} up ${String(minutes)} min,  1 user,  load average: 0.08, 0.03, 0.01`);
}
