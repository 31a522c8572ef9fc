import { throwIfAborted } from '../../../time/deadline.js';
import type { Stats } from 'node:fs';
import { posix } from 'node:path';
import { errnoText } from '../../storage/errno.js';
import { typeLetter } from '../../storage/listing.js';
import { formatVisit, type Visit } from './find-format.js';
import { patternMatcher } from '../pattern.js';
import { isFileError, ProgramError, type BoardProcess } from '../program.js';
import { TextInput } from '../streams.js';

/** Tests of one path, and actions, which are tests too; `prune` keeps find from going further down. */
type Test = (process: BoardProcess, visit: Visit) => Verdict | Promise<Verdict>;
type Verdict = boolean | 'prune';

interface Plan {
  readonly starts: readonly string[];
  minDepth: number;
  maxDepth: number;
  followsLinks: boolean;
  /** `-H`: links that are starting points are followed. */
  followsStarts: boolean;
  depthFirst: boolean;
  /** Alternatives joined with `-o`, each a row of tests. */
  readonly alternatives: Test[][];
  hasAction: boolean;
}

/** `find` with what scripts and file transfers use: tests by name, type, depth and size; -print0, -printf, -exec, -delete. */
export async function find(process: BoardProcess): Promise<number> {
  const plan = makePlan(process.args);
  if (!plan.hasAction) for (const tests of plan.alternatives) tests.push(print('\n'));
  let status = 0;
  for (const start of plan.starts) {
    const visit = { path: start, start, below: '', boardPath: process.path(start), depth: 0 };
    status = Math.max(status, await walk(process, plan, visit));
  }
  return status;
}

async function walk(process: BoardProcess, plan: Plan, place: Omit<Visit, 'stats'>): Promise<number> {
  throwIfAborted(process.signal);
  try {
    const follows = plan.followsLinks || (plan.followsStarts && place.depth === 0);
    const visit = { ...place, stats: await statsOf(process, place.boardPath, follows) };
    if (plan.followsLinks && visit.stats.isDirectory() && (await holdsItself(process, visit))) {
      await process.complain(`File system loop detected; '${visit.path}' is part of the same file system loop.`);
      return 1;
    }
    const before = plan.depthFirst ? 'go-on' : await visitOne(process, plan, visit);
    const below = before === 'prune' ? 0 : await walkBelow(process, plan, visit);
    if (plan.depthFirst) await visitOne(process, plan, visit);
    return below;
  } catch (error) {
    if (!isFileError(error)) throw error;
    await process.complain(`'${place.path}': ${errnoText(error)}`);
    return 1;
  }
}

async function walkBelow(process: BoardProcess, plan: Plan, visit: Visit): Promise<number> {
  if (!visit.stats.isDirectory() || visit.depth >= plan.maxDepth) return 0;
  let status = 0;
  for (const name of await process.files.readdir(visit.boardPath)) {
    const child = {
      path: visit.path.endsWith('/') ? `${visit.path}${name}` : `${visit.path}/${name}`,
      start: visit.start,
      below: visit.below === '' ? name : `${visit.below}/${name}`,
      boardPath: posix.join(visit.boardPath, name),
      depth: visit.depth + 1,
    };
    status = Math.max(status, await walk(process, plan, child));
  }
  return status;
}

/** Whether a folder was come to, through a symlink, from inside of it. */
async function holdsItself(process: BoardProcess, { boardPath, depth }: Visit): Promise<boolean> {
  if (depth === 0) return false;
  const folder = await process.files.realpath(boardPath);
  const from = await process.files.realpath(posix.dirname(boardPath));
  return from === folder || from.startsWith(folder === '/' ? '/' : `${folder}/`);
}

async function statsOf(process: BoardProcess, path: string, follows: boolean): Promise<Stats> {
  if (!follows) return process.files.lstat(path);
  return process.files.stat(path).catch(() => process.files.lstat(path));
}

async function visitOne(process: BoardProcess, plan: Plan, visit: Visit): Promise<'go-on' | 'prune'> {
  if (visit.depth < plan.minDepth) return 'go-on';
  return (await anyOf(plan.alternatives)(process, visit)) === 'prune' ? 'prune' : 'go-on';
}

/** Passes where one of the rows does, which is where all of its tests do; later rows are not tried then. */
function anyOf(alternatives: readonly (readonly Test[])[]): Test {
  return async (process, visit) => {
    for (const tests of alternatives) {
      let passed: Verdict = true;
      for (const test of tests) {
        passed = await test(process, visit);
        if (passed === 'prune') return 'prune';
        if (!passed) break;
      }
      if (passed) return true;
    }
    return false;
  };
}

function makePlan(args: readonly string[]): Plan {
  const words = [...args];
  if (/^-[LHP]$/.test(words[0] ?? '')) words.shift();
  const firstTest = words.findIndex(word => /^[-(!]/.test(word));
  const starts = words.splice(0, firstTest < 0 ? words.length : firstTest);
  const plan: Plan = {
    starts: starts.length > 0 ? starts : ['.'],
    minDepth: 0,
    maxDepth: Infinity,
    followsLinks: args[0] === '-L',
    followsStarts: args[0] === '-H',
    depthFirst: false,
    alternatives: [[]],
    hasAction: false,
  };
  while (words.length > 0) readTest(plan, words);
  return plan;
}

function readTest(plan: Plan, words: string[]): void {
  const word = words.shift() ?? '';
  const tests = plan.alternatives.at(-1) ?? [];
  switch (word) {
    case '-a':
    case '-and':
    case '-xdev':
      return;
    case '-o':
    case '-or':
      plan.alternatives.push([]);
      return;
    case '-mindepth':
      plan.minDepth = Number(value(words, word));
      return;
    case '-maxdepth':
      plan.maxDepth = Number(value(words, word));
      return;
    case '-depth':
      plan.depthFirst = true;
      return;
    case '!':
    case '-not':
    case '(':
      tests.push(readOperator(plan, word, words));
      return;
    default:
      tests.push(testOf(plan, word, words));
  }
}

/** `! TEST` and `( TESTS )`. */
function readOperator(plan: Plan, word: string, words: string[]): Test {
  if (word === '(') {
    const group = innerTests(plan, inner => {
      while (words[0] !== undefined && words[0] !== ')') readTest(inner, words);
    });
    if (words.shift() === undefined) throw new ProgramError("missing argument to '('");
    return anyOf(group);
  }
  const negated = anyOf(
    innerTests(plan, inner => {
      readTest(inner, words);
    }),
  );
  return async (process, visit) => (await negated(process, visit)) === false;
}

/** Tests that stand for one; what they say about the whole search holds for it. */
function innerTests(plan: Plan, read: (inner: Plan) => void): Test[][] {
  const inner: Plan = { ...plan, alternatives: [[]] };
  read(inner);
  Object.assign(plan, { ...inner, alternatives: plan.alternatives });
  return inner.alternatives;
}

function testOf(plan: Plan, word: string, words: string[]): Test {
  switch (word) {
    case '-name':
      return byText(value(words, word), visit => posix.basename(visit.path));
    case '-path':
      return byText(value(words, word), visit => visit.path);
    case '-type': {
      const letters = value(words, word).split(',');
      return (_, visit) => letters.includes(typeLetter(visit.stats, 'f'));
    }
    case '-readable':
      return (_, { stats }) => (stats.mode & 0o444) !== 0;
    case '-empty':
      return async (process, { stats, boardPath }) =>
        stats.isDirectory() ? (await process.files.readdir(boardPath)).length === 0 : stats.size === 0;
    case '-newer': {
      const other = value(words, word);
      return async (process, visit) => visit.stats.mtimeMs > (await process.files.stat(process.path(other))).mtimeMs;
    }
    case '-size':
      return bySize(value(words, word));
    case '-prune':
      return () => 'prune';
    default:
      plan.hasAction = true;
      return actionOf(plan, word, words);
  }
}

function actionOf(plan: Plan, word: string, words: string[]): Test {
  switch (word) {
    case '-print':
      return print('\n');
    case '-print0':
      return print('\0');
    case '-printf':
      return printed(value(words, word));
    case '-delete':
      plan.depthFirst = true;
      return async (process, { boardPath, stats }) => {
        await (stats.isDirectory() ? process.files.rmdir(boardPath) : process.files.unlink(boardPath));
        return true;
      };
    case '-exec': {
      const end = words.findIndex(item => item === ';' || item === '+');
      if (end < 0) throw new ProgramError("missing argument to '-exec'");
      const command = words.splice(0, end + 1).slice(0, -1);
      return async (process, { path }) =>
        (await process.options.launch(
          command.map(item => item.replaceAll('{}', path)),
          { stdin: new TextInput() },
        )) === 0;
    }
    default:
      throw new ProgramError(`unknown predicate '${word}'`);
  }
}

function value(words: string[], option: string): string {
  const word = words.shift();
  if (word === undefined) throw new ProgramError(`missing argument to '${option}'`);
  return word;
}

function byText(pattern: string, text: (visit: Visit) => string): Test {
  const matches = patternMatcher(pattern);
  return (_, visit) => matches(text(visit));
}

function bySize(text: string): Test {
  const match = /^([-+]?)(\d+)([ckM]?)$/.exec(text);
  if (match === null) throw new ProgramError(`invalid argument '${text}' to '-size'`);
  const unit = match[3] === 'c' ? 1 : match[3] === 'k' ? 1024 : match[3] === 'M' ? 1024 * 1024 : 512;
  const wanted = Number(match[2]);
  return (_, { stats }) => {
    const units = Math.ceil(stats.size / unit);
    return match[1] === '+' ? units > wanted : match[1] === '-' ? units < wanted : units === wanted;
  };
}

function print(end: string): Test {
  return async (process, visit) => {
    await process.print(`${visit.path}${end}`);
    return true;
  };
}

function printed(format: string): Test {
  return async (process, visit) => {
    await process.print(await formatVisit(process, visit, format));
    return true;
  };
}
