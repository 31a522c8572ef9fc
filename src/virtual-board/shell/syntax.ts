/** What a script is made of: the part of the POSIX shell language that scripts for boards use. */

export type ParameterOperator = ':-' | '-' | ':=' | '=' | ':+' | '+' | ':?' | '?' | '%' | '%%' | '#' | '##' | 'length';

/** `quoted` text is neither split into fields nor taken as a pattern. */
export type WordPart =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: 'parameter';
      readonly name: string;
      readonly operator?: ParameterOperator;
      readonly operand?: Word;
      readonly quoted: boolean;
    }
  | { readonly kind: 'command'; readonly script: Script; readonly quoted: boolean }
  | { readonly kind: 'arithmetic'; readonly expression: Word; readonly quoted: boolean };

export type Word = readonly WordPart[];

/** `here`: the word is the text itself. `duplicate`: the word is a file descriptor. */
export interface Redirection {
  readonly descriptor: number;
  readonly kind: 'read' | 'write' | 'append' | 'duplicate' | 'here';
  readonly target: Word;
}

export interface Assignment {
  readonly name: string;
  readonly value: Word;
}

export type Command = (
  | { readonly kind: 'simple'; readonly assignments: readonly Assignment[]; readonly words: readonly Word[] }
  | { readonly kind: 'group' | 'subshell'; readonly body: Script }
  | { readonly kind: 'if'; readonly branches: readonly Branch[]; readonly otherwise?: Script }
  | { readonly kind: 'while' | 'until'; readonly condition: Script; readonly body: Script }
  | { readonly kind: 'for'; readonly name: string; readonly words?: readonly Word[]; readonly body: Script }
  | { readonly kind: 'case'; readonly word: Word; readonly choices: readonly Choice[] }
  | { readonly kind: 'function'; readonly name: string; readonly body: Command }
) & { readonly redirections: readonly Redirection[] };

export interface Branch {
  readonly condition: Script;
  readonly body: Script;
}

export interface Choice {
  readonly patterns: readonly Word[];
  readonly body: Script;
}

/** Commands joined with `|`; `negated` by a `!` before them. */
export interface Pipeline {
  readonly negated: boolean;
  readonly commands: readonly Command[];
}

/** Pipelines joined with `&&` and `||`. */
export interface AndOr {
  readonly first: Pipeline;
  readonly rest: readonly { readonly operator: '&&' | '||'; readonly pipeline: Pipeline }[];
  readonly background: boolean;
}

export type Script = readonly AndOr[];

/** A script that is not of the language; `message` is what dash prints after `Syntax error: `. */
export class ShellSyntaxError extends Error {
  /** More lines could make it right: an interactive shell asks for them. */
  readonly isIncomplete: boolean;

  constructor(message: string, isIncomplete = false) {
    super(message);
    this.isIncomplete = isIncomplete;
  }
}
