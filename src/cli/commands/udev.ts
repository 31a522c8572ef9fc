import type { Command } from 'commander';
import { UDEV_HINT } from '../../device/usb-ids.js';
import { PermissionError, UsageError } from '../../errors.js';
import type { RulesReport } from '../../udev/check-rules.js';
import type { Cli } from '../cli.js';
import { jsonOption } from '../options.js';
import { printJson } from '../output/json.js';
import { addTopic, addVerb } from '../verb.js';

/** Declares `mdt udev` and the verbs behind it. */
export function addUdev(program: Command, cli: Cli): void {
  const topic = addTopic(program, 'udev', {
    group: 'flashing',
    summary: 'let ordinary users open boards on USB (Linux)',
  });
  addInstall(topic, cli);
  addCheck(topic, cli);
  addPrint(topic, cli);
}

function addInstall(topic: Command, cli: Cli): void {
  addVerb(topic, 'install', {
    group: 'flashing',
    summary: 'install the udev rules and apply them',
    details: 'Write the udev rules to /etc/udev/rules.d and apply them to what is plugged in. Needs root.',
    examples: [['sudo mdt udev install', 'once for each computer']],
  }).action(async () => {
    mustBeLinux();
    const { installRules } = await import('../../udev/install-rules.js');
    const { path, applied } = await installRules();
    cli.printer.line(`Installed ${path}.`);
    if (!applied) cli.printer.hint('Plug the boards in again, or restart the computer, for the rules to take effect.');
  });
}

function addCheck(topic: Command, cli: Cli): void {
  addVerb(topic, 'check', {
    group: 'flashing',
    summary: 'say what is missing for this user to open boards',
    details:
      'Say whether the udev rules are installed, and which of the boards that are plugged in this user may open. ' +
      'Ends with 5 if anything is missing.',
  })
    .addOption(jsonOption())
    .action(async ({ json }: { json?: true }) => {
      mustBeLinux();
      const { checkRules } = await import('../../udev/check-rules.js');
      const report = await checkRules({ listUsb: cli.io.listUsb, listSerial: cli.io.listSerialPorts });
      if (json) printJson(cli, report);
      else for (const line of reportLines(report)) cli.printer.line(line);
      const denied = report.devices.filter(({ access }) => access === 'denied').map(({ place }) => place);
      if (denied.length > 0) throw missing(`This user may not open ${denied.join(', ')}.`);
      if (report.rules !== 'current') throw missing('The udev rules of this mdt are not installed.');
    });
}

function reportLines({ rules, path = '', devices }: RulesReport): string[] {
  const words = { current: `installed (${path})`, different: `not those of this mdt (${path})`, missing: 'missing' };
  return [
    `udev rules: ${words[rules]}`,
    ...devices.map(({ place, what, access }) => `${place}: ${what}: may ${access === 'ready' ? '' : 'not '}be opened`),
  ];
}

function addPrint(topic: Command, cli: Cli): void {
  addVerb(topic, 'print', { group: 'flashing', summary: 'print the udev rules' }).action(async () => {
    const { readRules } = await import('../../udev/rules-file.js');
    cli.printer.text(await readRules());
  });
}

function missing(sentence: string): PermissionError {
  return new PermissionError(sentence, { hint: UDEV_HINT });
}

function mustBeLinux(): void {
  if (process.platform === 'linux') return;
  throw new UsageError('Only Linux has udev.', { hint: 'On this system boards on USB need no rules.' });
}
