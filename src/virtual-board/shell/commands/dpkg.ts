import { PackageDatabase } from '../../packages/database.js';
import type { Paragraph } from '../../../formats/control.js';
import { compareVersions } from '../../packages/version.js';
import { escapeText } from '../escape.js';
import { patternMatcher } from '../pattern.js';
import { ProgramError, type BoardProcess } from '../program.js';
import { ARCHITECTURE, installDeb, readControl, removePackage } from './install-deb.js';
import { formatParagraph } from '../../../formats/control.js';

/** `dpkg -i -r -P -s -l -L -I --print-architecture --compare-versions --configure` and `dpkg-query`. */
export async function dpkg(process: BoardProcess): Promise<number> {
  const [action = '', ...rest] = process.args.filter(arg => !/^--(?:force-|no-pager)/.test(arg));
  const names = rest.filter(arg => !arg.startsWith('-'));
  switch (action) {
    case '--print-architecture':
      await process.print(`${ARCHITECTURE}\n`);
      return 0;
    case '--compare-versions':
      return compare(rest);
    case '--configure':
      demandRoot(process);
      process.board.configurePackages();
      return 0;
    case '-i':
    case '--install':
      return install(process, names);
    case '-r':
    case '--remove':
    case '-P':
    case '--purge':
      return remove(process, names);
    case '-I':
    case '--info':
      for (const name of names) await process.print(formatParagraph(await readControl(process, name)));
      return 0;
    default:
      return query(process, action, rest);
  }
}

/** `dpkg-query -W [-f FORMAT] -s -l -L`. */
export function dpkgQuery(process: BoardProcess): Promise<number> {
  const [action = '', ...rest] = process.args;
  return query(process, action, rest);
}

/** @throws ProgramError unless the program runs as root */
export function demandRoot(
  process: BoardProcess,
  message = 'error: requested operation requires superuser privilege',
): void {
  if (!process.isRoot) throw new ProgramError(message, 2);
}

const RELATIONS: Readonly<Record<string, (order: number) => boolean>> = {
  lt: order => order < 0,
  le: order => order <= 0,
  eq: order => order === 0,
  ne: order => order !== 0,
  ge: order => order >= 0,
  gt: order => order > 0,
};

function compare([a = '', relation = '', b = '']: readonly string[]): number {
  const holds = Object.hasOwn(RELATIONS, relation) ? RELATIONS[relation] : undefined;
  if (holds === undefined) throw new ProgramError(`error: --compare-versions bad relation '${relation}'`, 2);
  return holds(compareVersions(a, b)) ? 0 : 1;
}

/** @throws ProgramError while another program holds the lock, in the words of dpkg 1.19 */
function demandLock(process: BoardProcess): void {
  if (process.board.faults.packages !== 'locked') return;
  throw new ProgramError('error: dpkg frontend is locked by another process', 2);
}

async function install(process: BoardProcess, names: readonly string[]): Promise<number> {
  demandRoot(process);
  demandLock(process);
  if (names.length === 0)
    throw new ProgramError('error: --install needs at least one package archive file argument', 2);
  return process.board.inTurn(async () => {
    let status = 0;
    for (const name of names) status = Math.max(status, await installDeb(process, name));
    return status;
  });
}

async function remove(process: BoardProcess, names: readonly string[]): Promise<number> {
  demandRoot(process);
  demandLock(process);
  return process.board.inTurn(async () => {
    const { packages } = await PackageDatabase.open(process.files);
    for (const name of names) {
      if (packages.has(name)) await removePackage(process, name);
      else await process.complain(`warning: ignoring request to remove ${name} which isn't installed`);
    }
    return 0;
  });
}

async function query(process: BoardProcess, action: string, args: readonly string[]): Promise<number> {
  const database = await PackageDatabase.open(process.files);
  const { format, names } = readFormat([action, ...args]);
  switch (action) {
    case '-s':
    case '--status':
      return forEachPackage(process, database, names, paragraph => process.print(`${formatParagraph(paragraph)}\n`));
    case '-L':
    case '--listfiles':
      return forEachPackage(process, database, names, async paragraph => {
        const paths = await database.paths(paragraph.get('package') ?? '');
        await process.print(paths.map(path => `${path}\n`).join(''));
      });
    case '-l':
    case '--list':
      await process.print('||/ Name Version Architecture Description\n');
      return forEachPackage(process, database, names.length > 0 ? names : ['*'], paragraph =>
        process.print(listLine(paragraph)),
      );
    case '-W':
    case '--show':
    case '-f':
      return forEachPackage(process, database, names.length > 0 ? names : ['*'], paragraph =>
        process.print(formatQuery(format ?? '${binary:Package}\t${Version}\n', paragraph)),
      );
    default:
      throw new ProgramError('error: need an action option', 2);
  }
}

function readFormat(args: readonly string[]): {
  readonly format: string | undefined;
  readonly names: readonly string[];
} {
  let format: string | undefined;
  const names: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    const inline = /^(?:-f=?|--showformat=)(.+)$/s.exec(arg);
    if (inline !== null) format = inline[1];
    else if (arg === '-f') format = args[++at];
    else if (!arg.startsWith('-')) names.push(arg);
  }
  return { format, names };
}

async function forEachPackage(
  process: BoardProcess,
  database: PackageDatabase,
  patterns: readonly string[],
  work: (paragraph: Paragraph) => Promise<void>,
): Promise<number> {
  let status = 0;
  for (const pattern of patterns) {
    const matches = patternMatcher(pattern);
    const found = [...database.packages].filter(([name]) => matches(name));
    for (const [, paragraph] of found) await work(paragraph);
    if (found.length > 0) continue;
    await process.options.stderr.write(
      Buffer.from(`dpkg-query: no packages found matching ${pattern}\n`),
      process.signal,
    );
    status = 1;
  }
  return status;
}

function listLine(paragraph: Paragraph): string {
  const field = (name: string): string => paragraph.get(name) ?? '';
  const mark = field('status').endsWith(' installed') ? 'ii ' : 'iU ';
  const [summary = ''] = field('description').split('\n');
  return `${mark} ${[field('package'), field('version'), field('architecture'), summary].join(' ')}\n`;
}

function formatQuery(format: string, paragraph: Paragraph): Buffer {
  const text = format.replace(/\$\{([\w:-]+)(?:;-?\d+)?\}/g, (_, name: string) => {
    const field = name.toLowerCase().replace(/^binary:/, '');
    if (field === 'db:status-status') return (paragraph.get('status') ?? '').replace(/^.* /, '');
    return paragraph.get(field) ?? '';
  });
  return escapeText(text).bytes;
}
