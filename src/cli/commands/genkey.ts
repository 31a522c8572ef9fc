import { access } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import type { GenerateOptions, StoredIdentity } from '../../keys/keystore.js';
import type { Cli } from '../cli.js';
import { addVerb } from '../verb.js';

interface GenkeyOptions {
  readonly type: 'rsa' | 'ed25519';
  readonly force?: true;
}

export function addGenkey(program: Command, cli: Cli): void {
  addVerb(program, 'genkey', {
    group: 'pairing',
    summary: 'make a new key for this host',
    details:
      'Make a new key pair for this host. The first contact with a board does it by itself. ' +
      'Boards that trust the old key do not know the new one: run `mdt resetkeys BOARD` on them first.',
    examples: [['mdt genkey --type ed25519', 'a short, fast key; Mendel Eagle pairs with RSA keys only']],
  })
    .addOption(new Option('--type <type>', 'kind of key').choices(['rsa', 'ed25519']).default('rsa'))
    .addOption(new Option('--force', 'replace the key that is there'))
    .action(async ({ type, force }: GenkeyOptions) => {
      const { paths } = cli.host;
      const made = await generate(cli, { algorithm: type, overwrite: force ?? false });
      if (made.previousKeyFile !== undefined) cli.printer.note(`The key before it is kept as ${made.previousKeyFile}.`);
      cli.printer.line(`Made ${paths.keyFile} (${made.algorithm})`);
    });
}

/** A key that is there is replaced only by `--force`, or by somebody who says so. @throws KeyExistsError */
async function generate(cli: Cli, options: GenerateOptions): Promise<StoredIdentity> {
  const { generateIdentity, KeyExistsError } = await import('../../keys/keystore.js');
  const { paths } = cli.host;
  const make = async (overwrite: boolean | undefined): Promise<StoredIdentity> => {
    const isAllowed = overwrite === true || !(await isThere(paths.keyFile));
    if (isAllowed && options.algorithm === 'rsa') cli.printer.note('Making an RSA key; this takes some seconds.');
    return await generateIdentity(paths, { ...options, overwrite });
  };
  try {
    return await make(options.overwrite);
  } catch (error) {
    if (!(error instanceof KeyExistsError) || !cli.printer.canAsk) throw error;
    cli.printer.warn('Boards that trust the key you have will not let this host in with a new one.');
    const { confirm } = await import('../prompt.js');
    if (!(await confirm(cli.io, `Replace ${paths.keyFile}?`))) throw error;
    return await make(true);
  }
}

async function isThere(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}
