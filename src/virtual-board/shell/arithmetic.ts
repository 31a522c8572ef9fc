/** `$((…))`: whole numbers, variables, parentheses and the operators of C without assignment. */

type Operator = (left: number, right: number) => number;

/** By precedence, lowest first. */
const LEVELS: readonly Readonly<Record<string, Operator>>[] = [
  { '||': (a, b) => Number(a !== 0 || b !== 0) },
  { '&&': (a, b) => Number(a !== 0 && b !== 0) },
  { '|': (a, b) => a | b },
  { '^': (a, b) => a ^ b },
  { '&': (a, b) => a & b },
  { '==': (a, b) => Number(a === b), '!=': (a, b) => Number(a !== b) },
  {
    '<=': (a, b) => Number(a <= b),
    '>=': (a, b) => Number(a >= b),
    '<': (a, b) => Number(a < b),
    '>': (a, b) => Number(a > b),
  },
  { '<<': (a, b) => a << b, '>>': (a, b) => a >> b },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b, '/': divide, '%': (a, b) => a - b * divide(a, b) },
];

const TOKEN = /\s*(0x[0-9a-f]+|\d+|[A-Za-z_]\w*|\|\||&&|[<>=!]=|<<|>>|[-+*/%()<>|&^!~])/iy;
const MAX_TOKENS = 1000;
const MAX_DEPTH = 100;

export class ArithmeticError extends Error {}

/** Value of an expression. @throws ArithmeticError with what dash prints after the `:` */
export function evaluateArithmetic(text: string, variable: (name: string) => string | undefined): number {
  const tokens = tokenize(text);
  if (tokens.length === 0) return 0;
  const parser = new ExpressionParser(tokens, variable);
  const value = parser.level(0);
  parser.expectEnd();
  return value;
}

class ExpressionParser {
  readonly #tokens: readonly string[];
  readonly #variable: (name: string) => string | undefined;
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly string[], variable: (name: string) => string | undefined) {
    this.#tokens = tokens;
    this.#variable = variable;
  }

  level(index: number): number {
    const operators = LEVELS[index];
    if (operators === undefined) return this.#unary();
    let value = this.level(index + 1);
    for (;;) {
      const token = this.#tokens[this.#at] ?? '';
      const apply = Object.hasOwn(operators, token) ? operators[token] : undefined;
      if (apply === undefined) return value;
      this.#at += 1;
      value = apply(value, this.level(index + 1));
    }
  }

  expectEnd(): void {
    if (this.#at < this.#tokens.length) throw new ArithmeticError('arithmetic expression: syntax error');
  }

  #unary(): number {
    if (++this.#depth > MAX_DEPTH) throw new ArithmeticError('arithmetic expression: too deep');
    try {
      const token = this.#tokens[this.#at++] ?? '';
      if (token === '-') return -this.#unary();
      if (token === '+') return this.#unary();
      if (token === '!') return Number(this.#unary() === 0);
      if (token === '~') return ~this.#unary();
      if (token !== '(') return this.#operand(token);
      const value = this.level(0);
      if (this.#tokens[this.#at++] !== ')') throw new ArithmeticError('arithmetic expression: expecting ")"');
      return value;
    } finally {
      this.#depth -= 1;
    }
  }

  #operand(token: string): number {
    const text = /^[A-Za-z_]/.test(token) ? (this.#variable(token)?.trim() ?? '') || '0' : token;
    if (!/^-?(?:\d+|0x[0-9a-f]+)$/i.test(text)) throw new ArithmeticError('arithmetic expression: expecting primary');
    return Number(text);
  }
}

function divide(left: number, right: number): number {
  if (right === 0) throw new ArithmeticError('arithmetic expression: division by zero');
  return Math.trunc(left / right);
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const trimmed = text.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const token = TOKEN.exec(trimmed)?.[1];
    if (token === undefined || tokens.length >= MAX_TOKENS)
      throw new ArithmeticError('arithmetic expression: syntax error');
    tokens.push(token);
  }
  return tokens;
}
