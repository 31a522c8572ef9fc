import { Argument, type Command } from 'commander';
import type { Cli } from '../cli.js';
import { addVerb } from '../verb.js';

export function addCompletion(program: Command, cli: Cli): void {
  addVerb(program, 'completion', {
    group: 'about',
    summary: 'print what makes a shell complete mdt commands',
    examples: [
      ['eval "$(mdt completion bash)"', 'in ~/.bashrc'],
      ['eval "$(mdt completion zsh)"', 'in ~/.zshrc, after compinit'],
      ['mdt completion fish | source', 'in ~/.config/fish/config.fish'],
    ],
  })
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { completionScript } = await import('../completion/scripts.js');
      cli.printer.text(completionScript(shell));
    });

  addVerb(program, '__complete', { group: 'about', summary: 'list what may come next, for the shell', hidden: true })
    .argument('[words...]', 'the words after mdt, the last one as far as it is typed')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words: string[]) => {
      const { complete } = await import('../completion/complete.js');
      for (const line of await complete(program, words, cli.host.paths)) cli.printer.line(line);
    });
}
