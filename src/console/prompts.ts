/*
 * What consoles say when they wait for somebody. Prompts come without a line end, so each pattern that is one demands
 * the end of what was said, but for blanks that were typed: `(?![^])`, which `$` would not with the flag m.
 * U-Boot 2017.03 and 2019.04 as NXP has them, mainline U-Boot; agetty and login of Debian; Mendel's systemd and runonce.
 */

/** `=> ` of mainline, `u-boot=> ` of the boards. */
export const U_BOOT_PROMPT = /^[\w.-]*=> +(?![^])/m;
/** The words differ by version, and the number is rewritten in place. */
export const AUTOBOOT_COUNTDOWN = /autoboot:\s+\d/i;
/** All that is seen of a countdown by who comes in the middle of it: a number between blanks, alone in its line. */
export const COUNTDOWN_TICK = /^ \d{1,2} +(?![^])/m;
/** The first line of U-Boot, or of its loader, after a reset. */
export const U_BOOT_BANNER = /^U-Boot (?:SPL )?\d{4}\.\d\d/m;
/** What a board's bootloader says to keys while it is in fastboot, and what mainline says over the network. */
export const FASTBOOT_RUNS = /In fastboot mode|Listening for fastboot command/i;
/** What NXP's U-Boot says if it was restarted in order to enter fastboot, which it does next. */
export const FASTBOOT_REQUESTED = /Fastboot: Got bootloader commands/;

/** `swift-otter login: ` */
export const LOGIN_PROMPT = /^(?:([\w.-]+) )?login: +(?![^])/m;
export const PASSWORD_PROMPT = /^Password: ?(?![^])/im;
export const LOGIN_INCORRECT = /^Login incorrect/m;
/** `mendel@swift-otter:~$ `, `# `, and what else ends so. */
export const SHELL_PROMPT = /^([^\n]{0,200}[$#]) +(?![^])/m;

/** systemd's line while runonce makes keys and names on the first boot, which takes minutes. */
export const FIRST_BOOT = /A start job is running for Scripts that should be run only once/;
/** U-Boot is left behind: keys cannot stop the boot any more. */
export const KERNEL_MESSAGE = /^Starting kernel|^\[ *\d+\.\d{3,}\]/m;
export const BOOT_MESSAGE =
  /^\[ *\d+\.\d{3,}\]|^\[ {2}OK {2}\]|^Starting kernel|A start job is running|^U-Boot (?:SPL )?\d{4}/m;

/**
 * What only a board that has left its shell says: it restarts, or somebody has logged out. Matches before the words,
 * which stay to be read.
 */
export const SHELL_LEFT = new RegExp(
  `(?=${[U_BOOT_BANNER, AUTOBOOT_COUNTDOWN, FASTBOOT_RUNS, FASTBOOT_REQUESTED, LOGIN_PROMPT].map(({ source }) => source).join('|')})`,
  'im',
);
