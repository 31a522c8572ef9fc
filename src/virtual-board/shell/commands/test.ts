import type { Stats } from 'node:fs';
import { ProgramError, type BoardProcess } from '../program.js';

type FileTest = (stats: Stats) => boolean;

const FILE_TESTS: Readonly<Record<string, FileTest>> = {
  '-e': () => true,
  '-a': () => true,
  '-f': stats => stats.isFile(),
  '-d': stats => stats.isDirectory(),
  '-s': stats => stats.size > 0,
  '-p': stats => stats.isFIFO(),
  '-S': stats => stats.isSocket(),
  '-b': stats => stats.isBlockDevice(),
  '-c': stats => stats.isCharacterDevice(),
  '-r': stats => (stats.mode & 0o444) !== 0,
  '-w': stats => (stats.mode & 0o222) !== 0,
  '-x': stats => (stats.mode & 0o111) !== 0,
};

const COMPARISONS: Readonly<Record<string, (left: string, right: string) => boolean>> = {
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '-eq': (a, b) => integer(a) === integer(b),
  '-ne': (a, b) => integer(a) !== integer(b),
  '-lt': (a, b) => integer(a) < integer(b),
  '-le': (a, b) => integer(a) <= integer(b),
  '-gt': (a, b) => integer(a) > integer(b),
  '-ge': (a, b) => integer(a) >= integer(b),
};

/** `test` and `[`. */
export async function test(process: BoardProcess): Promise<number> {
  const words = [...process.args];
  if (process.options.name === '[' && words.pop() !== ']') throw new ProgramError("missing ']'", 2);
  if (words.length === 0) return 1;
  const expression = new Expression(process, words);
  const value = await expression.either();
  if (!expression.isAtEnd) throw new ProgramError('too many arguments', 2);
  return value ? 0 : 1;
}

class Expression {
  readonly #process: BoardProcess;
  readonly #words: readonly string[];
  #at = 0;

  constructor(process: BoardProcess, words: readonly string[]) {
    this.#process = process;
    this.#words = words;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#words.length;
  }

  async either(): Promise<boolean> {
    let value = await this.#both();
    while (this.#words[this.#at] === '-o') {
      this.#at += 1;
      value = (await this.#both()) || value;
    }
    return value;
  }

  async #both(): Promise<boolean> {
    let value = await this.#not();
    while (this.#words[this.#at] === '-a') {
      this.#at += 1;
      value = (await this.#not()) && value;
    }
    return value;
  }

  async #not(): Promise<boolean> {
    if (this.#words[this.#at] !== '!' || this.#words.length - this.#at === 1) return this.#primary();
    this.#at += 1;
    return !(await this.#not());
  }

  async #primary(): Promise<boolean> {
    const word = this.#next();
    const operator = this.#words[this.#at] ?? '';
    const compare = Object.hasOwn(COMPARISONS, operator) ? COMPARISONS[operator] : undefined;
    if (compare !== undefined && this.#at + 1 < this.#words.length) {
      this.#at += 1;
      return compare(word, this.#next());
    }
    if (operator === '-nt' || operator === '-ot') {
      this.#at += 1;
      const [left, right] = [await this.#modifiedAt(word), await this.#modifiedAt(this.#next())];
      return operator === '-nt' ? left > right : left < right;
    }
    if (word === '(' && this.#words.includes(')', this.#at)) {
      const value = await this.either();
      this.#next();
      return value;
    }
    return /^-[a-zA-Z]$/.test(word) && !this.isAtEnd ? this.#unary(word, this.#next()) : word !== '';
  }

  async #unary(operator: string, operand: string): Promise<boolean> {
    if (operator === '-n') return operand !== '';
    if (operator === '-z') return operand === '';
    if (operator === '-t') return this.#process.options.terminal !== undefined;
    const path = this.#process.path(operand);
    if (operator === '-L' || operator === '-h') {
      return (await this.#process.files.lstat(path).catch(() => undefined))?.isSymbolicLink() === true;
    }
    const check = Object.hasOwn(FILE_TESTS, operator) ? FILE_TESTS[operator] : undefined;
    if (check === undefined) throw new ProgramError(`${operator}: unary operator expected`, 2);
    const stats = await this.#process.files.stat(path).catch(() => undefined);
    if (stats === undefined) return false;
    if (operator === '-w' && !this.#process.isRoot && this.#process.files.isOwnedByRoot(path)) return false;
    return check(stats);
  }

  async #modifiedAt(path: string): Promise<number> {
    return (await this.#process.files.stat(this.#process.path(path)).catch(() => undefined))?.mtimeMs ?? -1;
  }

  #next(): string {
    const word = this.#words[this.#at++];
    if (word === undefined) throw new ProgramError('argument expected', 2);
    return word;
  }
}

function integer(text: string): number {
  if (!/^\s*[-+]?\d+\s*$/.test(text)) throw new ProgramError(`Illegal number: ${text}`, 2);
  return Number(text);
}
