// The only user of inquirer, loaded when there is somebody to ask and something to ask for.
import type { createPromptModule } from 'inquirer';
import type { Device } from '../device/device.js';
import { Interruption } from './interruption.js';
import type { CliIo } from './io.js';
import { describeRoutes, nameOf } from './output/devices.js';

/** Lets the user pick one of several boards. @throws Interruption on Ctrl-C */
export async function askForBoard(io: CliIo, devices: readonly Device[]): Promise<Device> {
  const width = Math.max(...devices.map(device => nameOf(device).length));
  const choices = devices.map((device, index) => ({
    name: `${nameOf(device).padEnd(width)}  ${describeRoutes(device)}`,
    value: index,
  }));
  const { answer } = await ask(io, async prompt =>
    prompt([{ type: 'select', name: 'answer', message: 'Which board?', choices }]),
  );
  const chosen = devices[answer as number];
  if (chosen === undefined) throw new RangeError(`No board has the number ${String(answer)}.`);
  return chosen;
}

/** Lets the user pick one of several ports, by its place in `lines`. @throws Interruption on Ctrl-C */
export async function askForConsole(io: CliIo, lines: readonly string[]): Promise<number> {
  const choices = lines.map((name, value) => ({ name, value }));
  const { answer } = await ask(io, async prompt =>
    prompt([{ type: 'select', name: 'answer', message: 'Which console?', choices }]),
  );
  return answer as number;
}

/** A yes or a no; Enter alone means no. @throws Interruption on Ctrl-C */
export async function confirm(io: CliIo, question: string): Promise<boolean> {
  const { answer } = await ask(io, async prompt =>
    prompt([{ type: 'confirm', name: 'answer', message: question, default: false }]),
  );
  return answer === true;
}

type Prompt = ReturnType<typeof createPromptModule>;

/** Asks on stderr, since stdout belongs to the result. */
async function ask(
  io: CliIo,
  question: (prompt: Prompt) => Promise<{ answer: unknown }>,
): Promise<{ answer: unknown }> {
  const inquirer = await import('inquirer');
  try {
    return await question(inquirer.createPromptModule({ input: io.stdin, output: io.stderr, signal: io.signal }));
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (name === 'ExitPromptError') throw new Interruption('SIGINT');
    if (name === 'AbortPromptError' && io.signal.reason instanceof Error) throw io.signal.reason;
    throw error;
  }
}
