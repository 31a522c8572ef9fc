import type { ServerChannel } from 'ssh2';
import type { Board, BoardControl } from '../board.js';

/** Stands in until the shell is there: true, false, exit N, echo, cat, hostname, reboot. */
export async function runCommand(
  line: string,
  channel: ServerChannel,
  board: Board,
  control: BoardControl,
): Promise<number> {
  const [name = '', ...args] = line.trim().split(/\s+/);
  channel.on('error', () => undefined);
  if (name !== 'cat') channel.resume();
  switch (name === 'sudo' ? String(args[0]) : name) {
    case 'true':
      return 0;
    case 'false':
      return 1;
    case 'exit':
      return Number(args[0] ?? 0);
    case 'echo':
      channel.write(`${args.join(' ')}\n`);
      return 0;
    case 'hostname':
      channel.write(`${board.name}\n`);
      return 0;
    case 'reboot':
      control.reboot('linux');
      return 0;
    case 'cat': {
      if (args[0] !== undefined) channel.write(await board.files.readFile(args[0]).catch(() => Buffer.of()));
      else for await (const chunk of channel as AsyncIterable<Buffer>) channel.write(chunk);
      return 0;
    }
    default:
      channel.stderr.write(`bash: ${name}: command not found\n`);
      return 127;
  }
}
