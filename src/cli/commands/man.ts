import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { addVerb } from '../verb.js';

/** Hidden: the build writes man/mdt.1 with it. */
export function addMan(program: Command, cli: Cli): void {
  addVerb(program, 'man', {
    group: 'about',
    summary: 'print the manual page, for man(1)',
    examples: [['mdt man | man -l -', 'read it']],
    hidden: true,
  }).action(async () => {
    const { manPage } = await import('../man-page.js');
    cli.printer.text(manPage(program));
  });
}
