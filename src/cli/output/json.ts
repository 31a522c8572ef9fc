import type { Cli } from '../cli.js';

/** One JSON document on stdout: indented for a person, in one line for a pipe. */
export function printJson(cli: Cli, value: unknown): void {
  cli.printer.line(JSON.stringify(value, undefined, cli.printer.interactive ? 2 : undefined));
}
