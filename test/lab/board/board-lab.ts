// A desk with emulated boards: each on a LAN, and on a USB network link of its own.
import { copyFile, constants, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DESK_LAN_ADDRESS, GADGET_ADDRESS } from '../links.js';
import { Namespace } from '../namespace.js';
import { mustRun } from '../program.js';
import { pretendSysfsScript } from '../sysfs.js';
import { buildBoardImage, type BoardImage } from './board-image.js';
import { QemuBoard } from './qemu-board.js';

export interface BoardLabOptions {
  /** Boot for the first time, instead of going on from the snapshot of a board that has booted. */
  readonly isCold?: boolean;
}

/** One board and the desk that it is connected to. Closing it ends the board and drops its disk. */
export class BoardLab implements AsyncDisposable {
  readonly desk: Namespace;
  readonly boards: readonly [QemuBoard];
  readonly #folder: string;

  private constructor(desk: Namespace, board: QemuBoard, folder: string) {
    this.desk = desk;
    this.boards = [board];
    this.#folder = folder;
  }

  static async start(options: BoardLabOptions = {}): Promise<BoardLab> {
    const image = await buildBoardImage();
    const isWarm = options.isCold !== true;
    const warmDisk = isWarm ? await bootedDisk(image) : undefined;
    const folder = await mkdtemp(join(tmpdir(), 'mdt-board-lab-'));
    const disk = join(folder, 'disk.qcow2');
    if (warmDisk === undefined) await newDisk(image, disk);
    else await copyFile(warmDisk, disk, constants.COPYFILE_FICLONE);
    const desk = await makeDesk();
    try {
      return new BoardLab(desk, await QemuBoard.start(desk, { image, disk, folder, isWarm }), folder);
    } catch (error) {
      await desk[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get board(): QemuBoard {
    return this.boards[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.desk[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The disk of a board that has booted, with the state of the machine in it; made once for each image. */
async function bootedDisk(image: BoardImage): Promise<string> {
  const path = join(image.folder, 'booted.qcow2');
  if ((await stat(path).catch(() => undefined)) !== undefined) return path;
  const folder = await mkdtemp(join(image.folder, 'partial-'));
  try {
    const disk = join(folder, 'disk.qcow2');
    await newDisk(image, disk);
    await using desk = await makeDesk();
    const board = await QemuBoard.start(desk, { image, disk, folder, isWarm: false });
    await board.saveAndStop();
    await rename(disk, path);
    return path;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function newDisk(image: BoardImage, path: string): Promise<void> {
  await mustRun(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', image.disk, path]);
}

/** Its /sys shows the USB link as that of a Mendel board. */
async function makeDesk(): Promise<Namespace> {
  const desk = await Namespace.create('desk', 'desk');
  try {
    await desk.mustRun(['ip', 'tuntap', 'add', 'usb0', 'mode', 'tap']);
    await desk.mustRun(['ip', 'tuntap', 'add', 'lan0', 'mode', 'tap']);
    await desk.ip([
      'link set usb0 up',
      `addr add ${GADGET_ADDRESS.replace(/\d+$/, '50')}/24 brd + dev usb0`,
      'link set lan0 up',
      `addr add ${DESK_LAN_ADDRESS}/24 brd + dev lan0`,
    ]);
    const gadget = { usbPort: '1-1', release: 'eagle', serialNumber: 'calm-newt' } as const;
    const interfaces = [{ interface: 'lo' }, { interface: 'lan0' }, { interface: 'usb0', gadget }];
    await desk.mustRun(['bash', '-c', pretendSysfsScript(interfaces)]);
    return desk;
  } catch (error) {
    await desk[Symbol.asyncDispose]();
    throw error;
  }
}
