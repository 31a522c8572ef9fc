import type { Command, CommanderError } from 'commander';
import { UsageError } from '../errors.js';
import { commandOf, nameOf } from './verb.js';

/** Turns what commander says, `error: unknown option '--x'` and a line of advice, into our words. */
export function usageErrorOf(error: CommanderError, program: Command, words: readonly string[]): UsageError {
  const [first = '', ...more] = error.message.replace(/^error: /, '').split('\n');
  const advice = /Did you mean (.+)\?/.exec(more.join(' '));
  const hint = advice?.[1] === undefined ? `See \`${helpCommandFor(program, words)}\`.` : `Did you mean ${advice[1]}?`;
  return new UsageError(asSentence(first), { hint });
}

function helpCommandFor(program: Command, words: readonly string[]): string {
  const start = words.findIndex(word => program.commands.some(command => command.name() === word));
  return start < 0 ? 'mdt help' : nameOf(commandOf(program, words.slice(start))).replace(/^mdt/, 'mdt help');
}

function asSentence(text: string): string {
  const trimmed = text.trim();
  const upper = `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}`;
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}
