import { FakeConsole } from './console.js';

/** How a board takes the order to restart: it answers with an exit code, or goes down and says this instead. */
export type Restart = { readonly code: number } | { readonly says: string };

export interface LinuxConsoleOptions {
  /** Somebody has left a shell open. */
  readonly isLoggedIn?: boolean;
  /** What becomes of the first, second, … order to restart; the last one is what becomes of all that follow. */
  readonly restarts: readonly Restart[];
}

export const LOGIN = '\r\nMendel GNU/Linux (day) swift-otter ttymxc0\r\n\r\nswift-otter login: ';
/** A board whose countdown nobody stopped. */
export const BOOTED = `\r\nU-Boot SPL 2017.03.3\r\nHit any key to stop autoboot:  0 \r\nStarting kernel ...\r\n${LOGIN}`;

/** The login and the shell of a board that runs Linux: any name and password will do. */
export class LinuxConsole extends FakeConsole {
  /** How often it was ordered to restart. */
  orders = 0;
  readonly #restarts: readonly Restart[];
  #state: 'login' | 'password' | 'shell' | 'gone';
  #line = '';

  constructor({ isLoggedIn = false, restarts }: LinuxConsoleOptions) {
    super(keys => {
      for (const key of keys) this.#take(key);
    });
    this.#restarts = restarts;
    this.#state = isLoggedIn ? 'shell' : 'login';
    this.say(isLoggedIn ? 'mendel@swift-otter:~$ ' : LOGIN);
  }

  #take(key: string): void {
    if (key !== '\r') {
      this.#line += key;
      if (this.#state === 'login') this.say(key);
      return;
    }
    const line = this.#line.replaceAll('""', '');
    this.#line = '';
    switch (this.#state) {
      case 'login':
        if (line.trim() !== '') this.#state = 'password';
        this.say(line.trim() === '' ? LOGIN : '\r\nPassword: ');
        break;
      case 'password':
        this.#state = 'shell';
        this.say('\r\nmendel@swift-otter:~$ ');
        break;
      case 'shell':
        this.say(`\r\n${this.#answer(line)}`);
        break;
      case 'gone':
    }
  }

  #answer(line: string): string {
    const prompt = /PS1=(mdt-mark-\d+:) sh/.exec(line)?.[1];
    if (prompt !== undefined) return prompt;
    const ready = /echo (mdt-mark-\d+) \$\(id -un\)/.exec(line)?.[1];
    if (ready !== undefined) return `${ready} mendel\n`;
    const [, begin, end] = /^echo (mdt-mark-\d+); .*; echo (mdt-mark-\d+):/.exec(line) ?? [];
    if (begin === undefined || end === undefined) return '';
    const restart = this.#restarts[Math.min(this.orders, this.#restarts.length - 1)];
    this.orders += 1;
    if (restart === undefined) throw new Error('Nothing was scripted for this order.');
    if ('code' in restart) return `${begin}\nNo such \x1b[31mpartition\n${end}:${String(restart.code)}\n`;
    this.#state = restart.says.endsWith('login: ') ? 'login' : 'gone';
    return `${begin}\n${restart.says}`;
  }
}
