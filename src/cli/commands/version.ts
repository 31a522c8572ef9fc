import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { addVerb } from '../verb.js';
import { VERSION_LINE } from '../version-line.js';

export function addVersion(program: Command, cli: Cli): void {
  addVerb(program, 'version', { group: 'about', summary: 'print the version of mdt' }).action(() => {
    cli.printer.line(VERSION_LINE);
  });
}
