import { posix } from 'node:path';
import { PackageDatabase } from '../../packages/database.js';
import { ProgramError, type BoardProcess } from '../program.js';
import { ARCHITECTURE, installDeb, missingDependencies, readControl, removePackage } from './install-deb.js';

const APT_FAILED = 100;
const LISTS = 'Reading package lists...\nBuilding dependency tree...\nReading state information...\n';

/** `apt-get install|remove|purge|update …`. There is no network: only what is a file or installed already can be had. */
export async function aptGet(process: BoardProcess): Promise<number> {
  const words = process.args.filter((arg, index) => !arg.startsWith('-') && process.args[index - 1] !== '-o');
  const [action = '', ...names] = words;
  if (['install', 'remove', 'purge', 'update', 'upgrade', 'autoremove'].includes(action) && !process.isRoot) {
    const lock = '/var/lib/dpkg/lock-frontend';
    await say(process, `E: Could not open lock file ${lock} - open (13: Permission denied)\n`);
    await say(process, `E: Unable to acquire the dpkg frontend lock (${lock}), are you root?\n`);
    return APT_FAILED;
  }
  switch (action) {
    case 'update':
      await process.print('Reading package lists...\n');
      return 0;
    case 'upgrade':
    case 'autoremove':
    case 'clean':
    case 'check':
      await process.print(`${LISTS}0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n`);
      return 0;
    case 'install':
      return process.board.inTurn(() => install(process, names));
    case 'remove':
    case 'purge':
      return process.board.inTurn(() => remove(process, names));
    default:
      await say(process, `E: Invalid operation ${action}\n`);
      return APT_FAILED;
  }
}

/**
 * `mdt-install-package FILE`, which `mdt install` runs: adds the package to a local repository and has apt install it,
 * one at a time under a lock.
 */
export async function mdtInstallPackage(process: BoardProcess): Promise<number> {
  const [file] = process.args;
  if (file === undefined) throw new ProgramError('usage: mdt-install-package <package.deb>');
  if (!process.isRoot) throw new ProgramError('this program must be run as root');
  if (!(await process.files.exists(process.path(file)))) throw new ProgramError(`${file}: No such file or directory`);
  return process.board.inTurn(() => install(process, [process.path(file)]));
}

async function install(process: BoardProcess, names: readonly string[]): Promise<number> {
  await process.print(LISTS);
  const database = await PackageDatabase.open(process.files);
  const files: string[] = [];
  for (const name of names) {
    const isFile = name.includes('/') && (await process.files.exists(process.path(name)));
    if (isFile) files.push(name);
    else if (name.includes('/')) return fail(process, `E: Unsupported file ${name} given on commandline\n`);
    else if (!database.isInstalled(name)) return fail(process, `E: Unable to locate package ${name}\n`);
    else
      await process.print(
        `${name} is already the newest version (${database.packages.get(name)?.get('version') ?? ''}).\n`,
      );
  }
  const refused = await refusal(process, database, files);
  if (refused !== undefined) return fail(process, refused);
  const count = String(files.length);
  await process.print(`0 upgraded, ${count} newly installed, 0 to remove and 0 not upgraded.\n`);
  for (const file of files) {
    const status = await installDeb(process, file);
    if (status !== 0) return fail(process, `E: Sub-process /usr/bin/dpkg returned an error code (${String(status)})\n`);
  }
  return 0;
}

/** Why apt would not even begin; undefined if it would. */
async function refusal(
  process: BoardProcess,
  database: PackageDatabase,
  files: readonly string[],
): Promise<string | undefined> {
  const controls = await Promise.all(files.map(file => readControl(process, file)));
  const given = new Set(controls.map(control => control.get('package')));
  const lines: string[] = [];
  for (const [index, control] of controls.entries()) {
    const name = control.get('package') ?? '';
    const architecture = control.get('architecture') ?? 'all';
    if (architecture !== ARCHITECTURE && architecture !== 'all') {
      const file = posix.basename(files[index] ?? '');
      return `E: Unable to correct problems: ${file} is for ${architecture}, this system is ${ARCHITECTURE}\n`;
    }
    for (const other of missingDependencies(database, control)) {
      if (!given.has(other)) lines.push(` ${name} : Depends: ${other} but it is not installable\n`);
    }
  }
  if (lines.length === 0) return undefined;
  const text = `The following packages have unmet dependencies:\n${lines.join('')}`;
  return `${text}E: Unable to correct problems, you have held broken packages.\n`;
}

async function remove(process: BoardProcess, names: readonly string[]): Promise<number> {
  await process.print(LISTS);
  const { packages } = await PackageDatabase.open(process.files);
  const unknown = names.find(name => !packages.has(name));
  if (unknown !== undefined) return fail(process, `E: Unable to locate package ${unknown}\n`);
  await process.print(`0 upgraded, 0 newly installed, ${String(names.length)} to remove and 0 not upgraded.\n`);
  for (const name of names) await removePackage(process, name);
  return 0;
}

async function fail(process: BoardProcess, text: string): Promise<number> {
  await say(process, text);
  return APT_FAILED;
}

async function say(process: BoardProcess, text: string): Promise<void> {
  await process.options.stderr.write(Buffer.from(text), process.signal);
}
