import { join } from 'node:path';
import { Namespace, repositoryRoot } from './namespace.js';
import type { ProgramResult, RunProgramOptions } from './program.js';

export type MendelRelease = 'chef' | 'day' | 'eagle';

export interface LabBoardOptions {
  /** Host name; default made up, in the form adjective-noun. */
  readonly name?: string;
  readonly release?: MendelRelease;
  /** How the board is reached. Default: `['lan']`. */
  readonly links?: readonly ('lan' | 'usb')[];
  /** Addresses the keymaster listens on: those of the USB links as on a real board (the default), all, or none. */
  readonly keymaster?: 'usb' | 'everywhere' | 'none';
  readonly announce?: boolean;
  /** sshd accepts the password too, which Mendel before Chef did. */
  readonly passwordLogin?: boolean;
  /** Default 3 GiB, of memory, taken as it fills. */
  readonly homeSizeMiB?: number;
}

export type KeymasterFault = 'none' | '400' | '500' | 'silent';

/** A board reached through a USB link of the desk. Address and MAC are the same on every board, as on real ones. */
export interface UsbLink {
  /** The desk's interface. */
  readonly interface: string;
  readonly address: string;
  /** Bus-port path of the pretend gadget, such as `1-2`. */
  readonly usbPort: string;
}

export interface LabBoardPlace {
  readonly lanAddress?: string;
  readonly usb?: UsbLink;
}

const RELEASES: Readonly<Record<MendelRelease, { version: string; prettyName: string }>> = {
  chef: { version: '3.0', prettyName: 'Mendel GNU/Linux 3 (Chef)' },
  day: { version: '4.0', prettyName: 'Mendel GNU/Linux 4 (Day)' },
  eagle: { version: '5.3', prettyName: 'Mendel GNU/Linux 5 (Eagle)' },
};

/** OpenSSH, avahi and a keymaster on a root folder of their own, set up as Mendel sets them up. */
export class LabBoard implements AsyncDisposable {
  readonly name: string;
  readonly release: MendelRelease;
  readonly namespace: Namespace;
  readonly lanAddress: string | undefined;
  readonly usb: UsbLink | undefined;
  readonly #options: LabBoardOptions;

  private constructor(namespace: Namespace, options: LabBoardOptions, place: LabBoardPlace) {
    this.name = namespace.name;
    this.release = options.release ?? 'eagle';
    this.namespace = namespace;
    this.lanAddress = place.lanAddress;
    this.usb = place.usb;
    this.#options = options;
  }

  static async create(name: string, options: LabBoardOptions, place: LabBoardPlace): Promise<LabBoard> {
    const release = RELEASES[options.release ?? 'eagle'];
    const namespace = await Namespace.create(name, 'board', {
      LAB_NODE: process.execPath,
      LAB_KEYMASTER: join(repositoryRoot, '.build', 'test', 'lab', 'keymaster.js'),
      LAB_GETTY: join(repositoryRoot, 'test', 'lab', 'getty.py'),
      LAB_MENDEL_VERSION: release.version,
      LAB_PRETTY_NAME: release.prettyName,
      LAB_PASSWORD_LOGIN: options.passwordLogin === true ? 'yes' : 'no',
      LAB_HOME_SIZE: `${String(options.homeSizeMiB ?? 3072)}m`,
    });
    return new LabBoard(namespace, options, place);
  }

  /** Where the desk reaches it: the LAN address if there is one, else the USB address. */
  get address(): string {
    return this.lanAddress ?? this.usb?.address ?? '';
  }

  /** Starts what the board serves; its links are up. Resolves when all of it answers. */
  async startServices(): Promise<void> {
    const { announce = true, keymaster = 'usb' } = this.#options;
    await Promise.all([
      this.startSshd(),
      announce ? this.startAvahi() : undefined,
      this.#keymasterAddresses(keymaster).length === 0 ? undefined : this.startKeymaster(),
    ]);
  }

  /** Its log goes to `sshdLog`, too. */
  async startSshd(): Promise<void> {
    await this.namespace.startDaemon(
      ['sh', '-c', '/usr/sbin/sshd -D -e -f /etc/ssh/lab_config 2>&1 | tee -a /run/sshd.log >&2'],
      /^Server listening on 0\.0\.0\.0/,
    );
  }

  /** Starts sshd anew, with an empty log and these lines in place of those with the same keyword. */
  async configureSshd(...lines: readonly string[]): Promise<void> {
    await this.killSshd();
    const replaced = lines.map(line => `-e '/^${line.split(' ')[0] ?? ''} /d'`).join(' ');
    await this.shell(`sed -i ${replaced} /etc/ssh/lab_config`);
    await this.shell(
      'rm -f /run/sshd.log; { cat; cat /etc/ssh/lab_config; } >/run/new_config; mv /run/new_config /etc/ssh/lab_config',
      `${lines.join('\n')}\n`,
    );
    await this.startSshd();
  }

  /** The lines of sshd's log that match a basic regular expression, since it was configured. */
  async sshdLog(pattern: string): Promise<string[]> {
    const text = await this.shell(`grep -e '${pattern}' /run/sshd.log || true`);
    return text === '' ? [] : text.split('\n');
  }

  /** Resolves when the service is announced, which is when avahi has made sure that the name is free. */
  async startAvahi(): Promise<void> {
    await this.namespace.startDaemon(
      ['avahi-daemon', '--no-chroot', '--no-rlimits', '--file', '/etc/avahi/lab.conf'],
      /^Service .* successfully established/,
    );
  }

  /** Starts a keymaster also on a board that was made without one; then on its USB link. */
  async startKeymaster(fault: KeymasterFault = 'none'): Promise<void> {
    const wanted = this.#options.keymaster ?? 'usb';
    const addresses = this.#keymasterAddresses(wanted === 'none' ? 'usb' : wanted);
    await this.namespace.startDaemon(
      ['/run/lab/node', '/run/lab/keymaster.js', this.release, fault, ...addresses],
      /^keymaster ready/,
    );
  }

  /** Starts getty and login on a serial console behind a port of its LAN address, as a terminal server has it. */
  async startConsole(port: number): Promise<void> {
    await this.namespace.startDaemon(['python3', '/run/lab/getty.py', String(port)], /^getty ready/);
  }

  async stopKeymaster(): Promise<void> {
    await this.#end('keymaster.js', 'TERM');
  }

  /** Ends the listening sshd and everything it serves, at once. */
  async killSshd(): Promise<void> {
    await this.#end('sshd', 'KILL');
  }

  async stopAvahi(): Promise<void> {
    await this.#end('avahi-daemon', 'TERM');
  }

  /** What a reflash does to the identity of a board. */
  async changeHostKeys(): Promise<void> {
    await this.killSshd();
    await this.shell(
      'rm /etc/ssh/ssh_host_*; for type in ed25519 ecdsa; do ssh-keygen -q -N "" -t $type -f /etc/ssh/ssh_host_${type}_key; done',
    );
    await this.startSshd();
  }

  /** Adds a line to authorized_keys, as pairing by hand does. */
  async authorize(publicLine: string): Promise<void> {
    await this.shell(
      'install -d -m 700 -o mendel -g mendel ~mendel/.ssh; cat >> ~mendel/.ssh/authorized_keys',
      publicLine,
    );
    await this.shell('chown mendel:mendel ~mendel/.ssh/authorized_keys; chmod 600 ~mendel/.ssh/authorized_keys');
  }

  /** A command line for known_hosts: the public key of the board, as it names itself. */
  async hostKeyLine(): Promise<string> {
    return this.shell('cut -d" " -f1,2 /etc/ssh/ssh_host_ed25519_key.pub');
  }

  run(argv: readonly string[], options?: RunProgramOptions): Promise<ProgramResult> {
    return this.namespace.run(argv, options);
  }

  /** Runs a script as root on the board; it must succeed. Resolves with what it printed. */
  shell(script: string, input?: string | Uint8Array): Promise<string> {
    return this.namespace.mustRun(['bash', '-c', script], input === undefined ? {} : { input });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.namespace[Symbol.asyncDispose]();
  }

  #keymasterAddresses(where: 'usb' | 'everywhere' | 'none'): string[] {
    const usb = this.usb === undefined ? [] : [this.usb.address];
    switch (where) {
      case 'none':
        return [];
      case 'usb':
        return usb;
      case 'everywhere':
        return [...usb, ...(this.lanAddress === undefined ? [] : [this.lanAddress])];
    }
  }

  /** Ends the programs of this board whose command line holds `word`, and waits until they are gone. */
  async #end(word: string, signal: string): Promise<void> {
    // /proc here lists this board's programs alone. A process that cannot be signalled any more has ended.
    await this.shell(
      `pids=$(grep -lsa -e "${word.slice(0, 1)}[${word.slice(1, 2)}]${word.slice(2)}" /proc/[0-9]*/cmdline | cut -d/ -f3);
       for pid in $pids; do kill -${signal} "$pid" 2>/dev/null || true; done;
       for pid in $pids; do timeout 60 tail --pid="$pid" -f /dev/null; done`,
    );
  }
}
