import { posix } from 'node:path';
import type { Paragraph } from '../../../formats/control.js';
import { PackageDatabase } from '../../packages/database.js';
import { compareVersions } from '../../packages/version.js';
import { addToRepository, candidateOf } from './apt-repository.js';
import { ProgramError, type BoardProcess } from '../program.js';
import { ARCHITECTURE, installDeb, missingDependencies, readControl, removePackage } from './install-deb.js';

const APT_FAILED = 100;
const LOCK = '/var/lib/dpkg/lock-frontend';
const LISTS = 'Reading package lists...\nBuilding dependency tree...\nReading state information...\n';

/** `apt-get install|remove|purge|update …`. There is no network: only what is a file or installed already can be had. */
export async function aptGet(process: BoardProcess): Promise<number> {
  const words = process.args.filter((arg, index) => !arg.startsWith('-') && process.args[index - 1] !== '-o');
  const [action = '', ...names] = words;
  if (['install', 'remove', 'purge', 'update', 'upgrade', 'autoremove'].includes(action) && !process.isRoot) {
    await say(process, `E: Could not open lock file ${LOCK} - open (13: Permission denied)\n`);
    await say(process, `E: Unable to acquire the dpkg frontend lock (${LOCK}), are you root?\n`);
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
      return process.board.inTurn(() => install(process, names, installOptions(process.args)));
    case 'remove':
    case 'purge':
      return process.board.inTurn(() => remove(process, names));
    default:
      await say(process, `E: Invalid operation ${action}\n`);
      return APT_FAILED;
  }
}

/**
 * `mdt-install-package FILE`: adds the package to the board's own repository and has apt install it by name, which takes
 * the highest version that any source has, not this file.
 */
export async function mdtInstallPackage(process: BoardProcess): Promise<number> {
  const [file] = process.args;
  if (file === undefined) throw new ProgramError('usage: mdt-install-package <package.deb>');
  if (!process.isRoot) throw new ProgramError('this program must be run as root');
  if (!(await process.files.exists(process.path(file)))) throw new ProgramError(`${file}: No such file or directory`);
  return process.board.inTurn(async () => {
    const name = (await readControl(process, file)).get('package') ?? '';
    await addToRepository(process, process.path(file));
    return install(process, [name], { reinstalls: true, downgrades: false, changesHeld: false });
  });
}

function installOptions(args: readonly string[]): InstallOptions {
  return {
    reinstalls: args.includes('--reinstall'),
    downgrades: args.includes('--allow-downgrades'),
    changesHeld: args.includes('--allow-change-held-packages'),
  };
}

interface InstallOptions {
  readonly reinstalls: boolean;
  readonly downgrades: boolean;
  readonly changesHeld: boolean;
}

async function install(process: BoardProcess, names: readonly string[], options: InstallOptions): Promise<number> {
  const trouble = troubleOf(process);
  if (trouble !== undefined) return fail(process, trouble);
  await process.print(LISTS);
  const database = await PackageDatabase.open(process.files);
  const files: string[] = [];
  for (const name of names) {
    const choice = await choose(process, name, { database, options });
    if ('trouble' in choice) return fail(process, choice.trouble);
    if ('file' in choice) files.push(choice.file);
    else await process.print(choice.text);
  }
  const refused = await refusal(process, database, { files, options });
  if (refused !== undefined) return fail(process, refused);
  await process.print(`0 upgraded, ${String(files.length)} newly installed, 0 to remove and 0 not upgraded.\n`);
  for (const file of files) {
    const status = await installDeb(process, file);
    if (status !== 0) return fail(process, `E: Sub-process /usr/bin/dpkg returned an error code (${String(status)})\n`);
  }
  return 0;
}

type Choice = { readonly file: string } | { readonly text: string } | { readonly trouble: string };

/** The file that a word of the command leads to: itself, or what the repository has of the package. */
async function choose(
  process: BoardProcess,
  name: string,
  { database, options }: { readonly database: PackageDatabase; readonly options: InstallOptions },
): Promise<Choice> {
  if (name.includes('/')) {
    if (await process.files.exists(process.path(name))) return { file: name };
    return { trouble: `E: Unsupported file ${name} given on commandline\n` };
  }
  const file = await candidateOf(process, name);
  const isInstalled = database.isInstalled(name);
  if (file === undefined && !isInstalled) return { trouble: `E: Unable to locate package ${name}\n` };
  if (file !== undefined && (options.reinstalls || !isInstalled)) return { file };
  return { text: leftAlone(name, options, database) };
}

function leftAlone(name: string, { reinstalls }: InstallOptions, database: PackageDatabase): string {
  if (reinstalls) return `Reinstallation of ${name} is not possible, it cannot be downloaded.\n`;
  return `${name} is already the newest version (${database.packages.get(name)?.get('version') ?? ''}).\n`;
}

/** Why no program of packages can begin, in the words of apt 2; undefined if it can. */
function troubleOf(process: BoardProcess): string | undefined {
  const { packages } = process.board.faults;
  if (packages === 'interrupted') {
    return "E: dpkg was interrupted, you must manually run 'sudo dpkg --configure -a' to correct the problem. \n";
  }
  if (packages !== 'locked') return undefined;
  return (
    `E: Could not get lock ${LOCK}. It is held by process 812 (unattended-upgr)\n` +
    'N: Be aware that removing the lock file is not a solution and may break your system.\n' +
    `E: Unable to acquire the dpkg frontend lock (${LOCK}), is another process using it?\n`
  );
}

interface Wanted {
  readonly files: readonly string[];
  readonly options: InstallOptions;
}

/** Why apt would not even begin; undefined if it would. */
async function refusal(
  process: BoardProcess,
  database: PackageDatabase,
  { files, options }: Wanted,
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
  if (lines.length === 0) return downgradeOf(database, controls, options);
  const text = `The following packages have unmet dependencies:\n${lines.join('')}`;
  return `${text}E: Unable to correct problems, you have held broken packages.\n`;
}

function downgradeOf(
  database: PackageDatabase,
  controls: readonly Paragraph[],
  { downgrades, changesHeld }: InstallOptions,
): string | undefined {
  const before = (control: Paragraph): Paragraph | undefined => database.packages.get(control.get('package') ?? '');
  if (!changesHeld && controls.some(control => before(control)?.get('status')?.startsWith('hold ') === true)) {
    return 'E: Held packages were changed and -y was used without --allow-change-held-packages.\n';
  }
  const isOlder = (control: Paragraph): boolean => {
    const now = before(control);
    if (now?.get('status')?.endsWith(' installed') !== true) return false;
    return compareVersions(control.get('version') ?? '', now.get('version') ?? '') < 0;
  };
  if (downgrades || !controls.some(isOlder)) return undefined;
  return 'E: Packages were downgraded and -y was used without --allow-downgrades.\n';
}

async function remove(process: BoardProcess, names: readonly string[]): Promise<number> {
  const trouble = troubleOf(process);
  if (trouble !== undefined) return fail(process, trouble);
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
