import { posix } from 'node:path';
import { has, parseOptions } from '../options.js';
import { ProgramError, type BoardProcess, type Program } from '../program.js';

/** Programs that work on names of files. */
export const pathPrograms: Readonly<Record<string, Program>> = { basename, dirname, pwd, readlink, realpath, which };

async function basename(process: BoardProcess): Promise<number> {
  const [name, suffix] = process.args;
  if (name === undefined) throw new ProgramError('missing operand');
  const base = posix.basename(name);
  const isLonger = suffix !== undefined && base !== suffix && base.endsWith(suffix);
  await process.print(`${isLonger ? base.slice(0, -suffix.length) : base}\n`);
  return 0;
}

async function dirname(process: BoardProcess): Promise<number> {
  if (process.args.length === 0) throw new ProgramError('missing operand');
  await process.print(process.args.map(name => `${posix.dirname(name)}\n`).join(''));
  return 0;
}

async function pwd(process: BoardProcess): Promise<number> {
  await process.print(`${process.options.cwd}\n`);
  return 0;
}

async function readlink(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'efmnqsvz' });
  let status = 0;
  for (const name of options.operands) {
    const path = process.path(name);
    const target = has(options, 'fem') ? process.files.realpath(path) : process.files.readlink(path);
    const text = await target.catch(() => undefined);
    if (text === undefined) status = 1;
    else await process.print(`${text}${has(options, 'n') ? '' : '\n'}`);
  }
  return status;
}

async function realpath(process: BoardProcess): Promise<number> {
  const options = parseOptions(process.args, { letters: 'emsqz' });
  return process.forEach(options.operands, async path => {
    await process.print(`${await process.files.realpath(path)}\n`);
  });
}

/** Finds programs as the shell does. */
async function which(process: BoardProcess): Promise<number> {
  let status = 0;
  for (const name of process.args) {
    const code = await process.options.launch(
      ['sh', '-c', 'place=$(command -v "$1") && case $place in /*) echo "$place";; *) false;; esac', 'sh', name],
      {},
    );
    if (code !== 0) status = 1;
  }
  return status;
}
