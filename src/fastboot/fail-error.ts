import { MdtError } from '../errors.js';
import { safeText } from '../device/board-text.js';

/** What to do about the refusals that boards are known to give, found in their text. */
const HINTS: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [/^[0-9a-f]{8}$/i, 'It is more than the board takes at once; see `mdt fastboot getvar max-download-size`.'],
  [/too large|exceed/i, 'Check that the image is meant for this board and that its partition table is the new one.'],
  [
    /partition (?:name|does not exist|not given)|invalid partition|wrong partition|invalid GPT/i,
    'Check the name of the partition; `mdt fastboot getvar all` lists those that the board tells.',
  ],
  [/not implemented|unknown variable/i, 'The board has no such variable.'],
  [/unrecognized command|unknown command/i, 'The bootloader of this board does not offer that.'],
  [/lock/i, 'Unlock the board first.'],
];

/** The board understood the command and answered FAIL. The connection is whole and the next command may follow. */
export class FastbootFailError extends MdtError {
  readonly command: string;
  /** What the board gave as reason, made safe for printing; empty where it gave none. */
  readonly reason: string;

  constructor(command: string, text: string, bytes: Uint8Array) {
    const reason = safeText(text);
    const sentence =
      reason === ''
        ? `The board refused ${command} without a reason.`
        : `The board refused ${command}: ${reason.replace(/\.$/, '')}.`;
    super('refused', 'FASTBOOT_FAIL', sentence, {
      hint: HINTS.find(([pattern]) => pattern.test(reason))?.[1],
      facts: { command, reason, bytes: Buffer.from(bytes) },
    });
    this.command = command;
    this.reason = reason;
  }
}
