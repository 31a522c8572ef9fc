import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { addVerb } from '../verb.js';

export function addSetkey(program: Command, cli: Cli): void {
  addVerb(program, 'setkey', {
    group: 'pairing',
    summary: 'use a private key that you have',
    details: 'Copy a private key (RSA in PEM, or OpenSSH format, without passphrase) to where mdt keeps its own.',
    examples: [['mdt setkey ~/.ssh/id_ed25519', 'let mdt log in with that key from now on']],
  })
    .argument('<file>', 'file with the private key')
    .action(async (file: string) => {
      const { importIdentity } = await import('../../keys/keystore.js');
      const { previousKeyFile } = await importIdentity(cli.host.paths, file);
      if (previousKeyFile !== undefined) cli.printer.note(`The key before it is kept as ${previousKeyFile}.`);
      cli.printer.line(`Key ${file} imported.`);
    });
}
