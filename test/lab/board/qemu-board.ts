// One emulated board: QEMU without acceleration, in the namespace of the desk that it is connected to.
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { boardLanAddress, GADGET_ADDRESS, GADGET_MAC } from '../links.js';
import type { Namespace } from '../namespace.js';
import type { BoardImage } from './board-image.js';
import { askMonitor } from './qmp.js';

export interface QemuBoardOptions {
  readonly image: BoardImage;
  /** A qcow2 that is this board's alone. */
  readonly disk: string;
  /** For sockets and the log of the console; goes after the board. */
  readonly folder: string;
  /** Go on from the snapshot in `disk`, instead of booting. */
  readonly isWarm: boolean;
  readonly index?: number;
}

/** In the form of Mendel's own; a board keeps its name from its first boot on. */
const NAMES = ['calm-newt', 'deft-orca'] as const;
const BOOT_TIMEOUT_MS = 600_000;
/** Waits until sshd greets on the LAN, and until the keymaster listens on USB where that is asked for. */
const WAIT_UNTIL_UP = `
until exec 3<>/dev/tcp/$1/22 && head -c4 <&3 | grep -q SSH-; do sleep 0.2; done 2>/dev/null
if [ $2 = booted ]; then until exec 3<>/dev/tcp/${GADGET_ADDRESS}/41337; do sleep 0.2; done 2>/dev/null; fi
`;

export class QemuBoard {
  readonly name: string;
  readonly lanAddress: string;
  /** As `mdt console` takes it, at the desk. */
  readonly console: string;
  /** What it has printed on its console. */
  readonly consoleLog: string;
  readonly #monitor: string;
  readonly #process: ChildProcessWithoutNullStreams;

  private constructor(name: string, process: ChildProcessWithoutNullStreams, place: Place) {
    this.name = name;
    this.lanAddress = place.lanAddress;
    this.console = `tcp:127.0.0.1:${String(place.consolePort)}`;
    this.consoleLog = place.consoleLog;
    this.#monitor = place.monitor;
    this.#process = process;
  }

  /**
   * Starts a board whose taps `usbN` and `lanN` are there. Resolves when sshd greets; a board that was not warm has a
   * keymaster that listens, too.
   */
  static async start(desk: Namespace, options: QemuBoardOptions): Promise<QemuBoard> {
    const place = placeOf(options);
    const child = desk.spawnForLife(commandLine(options, place));
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = once(child, 'close').then(() => {
      throw new Error(`QEMU ended: ${said}`);
    });
    ended.catch(() => undefined); // After the start nobody waits for it any more.
    const words = [place.lanAddress, options.isWarm ? 'warm' : 'booted'];
    const isUp = desk.mustRun(['bash', '-c', WAIT_UNTIL_UP, 'wait', ...words], { timeoutMs: BOOT_TIMEOUT_MS });
    isUp.catch(() => undefined);
    await Promise.race([isUp, ended]);
    return new QemuBoard(NAMES[place.index] ?? '', child, place);
  }

  /** Keeps the state of the whole machine in its disk, and ends it. */
  async saveAndStop(): Promise<void> {
    await askMonitor(this.#monitor, 'savevm warm');
    const closed = once(this.#process, 'close');
    this.#process.kill('SIGTERM');
    await closed;
  }
}

interface Place {
  readonly index: number;
  readonly lanAddress: string;
  readonly consolePort: number;
  readonly consoleLog: string;
  readonly monitor: string;
}

function placeOf({ folder, index = 0 }: QemuBoardOptions): Place {
  return {
    index,
    lanAddress: boardLanAddress(index),
    consolePort: 4500 + index,
    consoleLog: join(folder, `console-${String(index)}.log`),
    monitor: join(folder, `monitor-${String(index)}`),
  };
}

function commandLine({ image, disk, isWarm }: QemuBoardOptions, place: Place): string[] {
  const { index, consolePort, consoleLog, monitor } = place;
  const lanMac = `52:54:00:00:00:${index.toString(16).padStart(2, '0')}`;
  return [
    ...['qemu-system-aarch64', '-M', 'virt', '-cpu', 'cortex-a53', '-accel', 'tcg,thread=multi', '-smp', '2'],
    ...['-m', '1024', '-nodefaults', '-display', 'none', '-kernel', image.kernel, '-initrd', image.initrd],
    ...['-append', `console=ttyAMA0 loglevel=4 name=${NAMES[index] ?? ''}`],
    ...['-drive', `if=none,id=disk,file=${disk},cache=unsafe`, '-device', 'virtio-blk-device,drive=disk'],
    ...['-device', 'virtio-rng-device'],
    ...['-netdev', `tap,id=usb,ifname=usb${String(index)},script=no,downscript=no`],
    ...['-device', `virtio-net-device,netdev=usb,mac=${GADGET_MAC}`],
    ...['-netdev', `tap,id=lan,ifname=lan${String(index)},script=no,downscript=no`],
    ...['-device', `virtio-net-device,netdev=lan,mac=${lanMac}`],
    '-chardev',
    `socket,id=tty,server=on,wait=off,host=127.0.0.1,port=${String(consolePort)},logfile=${consoleLog},logappend=on`,
    ...['-serial', 'chardev:tty', '-qmp', `unix:${monitor},server=on,wait=off`],
    ...(isWarm ? ['-loadvm', 'warm'] : []),
  ];
}
