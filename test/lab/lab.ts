import { mapBounded } from '../../src/time/concurrency.js';
import { LabBoard, type LabBoardOptions, type LabBoardPlace } from './board.js';
import { boardLanAddress, DESK_LAN_ADDRESS, GADGET_ADDRESS, joinLan, makeSwitch, plugInUsb } from './links.js';
import { Namespace } from './namespace.js';
import { shapeLink, type LinkShape } from './shape.js';
import { pretendSysfsScript } from './sysfs.js';

export interface LabOptions {
  /** How many boards on the LAN, or each board's own options. Default: one. */
  readonly boards?: number | readonly LabBoardOptions[];
}

const ADJECTIVES = ['swift', 'calm', 'green', 'proud', 'tiny'] as const;
const NOUNS = ['otter', 'apple', 'lime', 'wren'] as const;
const STARTS_AT_ONCE = 20;

/**
 * Starts a desk, a switch and boards, each a set of namespaces of its own. Needs root on Linux (see `labMissing`).
 * Tests run on the host; what has to happen at the desk is started there: `lab.desk.run(['ssh', …])`.
 */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const boards = options.boards ?? 1;
  const wanted = typeof boards === 'number' ? Array.from({ length: boards }, (): LabBoardOptions => ({})) : boards;
  const opened: AsyncDisposable[] = [];
  const open = async <T extends AsyncDisposable>(opening: Promise<T>): Promise<T> => {
    const resource = await opening;
    opened.push(resource);
    return resource;
  };
  try {
    const [hub, desk] = await Promise.all([
      open(Namespace.create('hub', 'hub')),
      open(Namespace.create('desk', 'desk')),
    ]);
    await makeSwitch(hub, 'lan');
    if (wanted.some(hasLan)) await joinLan(hub, desk, { port: 'desk', address: DESK_LAN_ADDRESS });
    const places = planPlaces(wanted);
    const started = await mapBounded(wanted, STARTS_AT_ONCE, async (board, index) => {
      const created = await open(LabBoard.create(board.name ?? boardName(index), board, places[index] ?? {}));
      await plugIn(created, index, { hub, desk });
      await created.startServices();
      return created;
    });
    await layOutSysfs(desk, started);
    return new Lab(hub, desk, started, opened);
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

/** A desk with boards around it. Closing it ends every program and takes every interface and mount with it. */
export class Lab implements AsyncDisposable {
  /** The switch of the LAN. */
  readonly hub: Namespace;
  /** Where mdt runs. */
  readonly desk: Namespace;
  readonly boards: readonly LabBoard[];
  readonly #opened: readonly AsyncDisposable[];

  constructor(hub: Namespace, desk: Namespace, boards: readonly LabBoard[], opened: readonly AsyncDisposable[]) {
    this.hub = hub;
    this.desk = desk;
    this.boards = boards;
    this.#opened = opened;
  }

  /** The board of a lab with one, or the one at `index`. */
  board(index = 0): LabBoard {
    const board = this.boards[index];
    if (board === undefined) throw new Error(`the lab has no board ${String(index)}`);
    return board;
  }

  /** Makes the desk's LAN link slower; both directions alike. */
  shape(shape: LinkShape): Promise<void> {
    return shapeLink(this.hub, this.desk, shape);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeAll(this.#opened);
  }
}

function hasLan(board: LabBoardOptions): boolean {
  return (board.links ?? ['lan']).includes('lan');
}

/** Adjective-noun as Mendel makes them, but no two alike. */
function boardName(index: number): string {
  return `${ADJECTIVES[index % 5] ?? ''}-${NOUNS[Math.floor(index / 5) % 4] ?? ''}`;
}

function planPlaces(wanted: readonly LabBoardOptions[]): LabBoardPlace[] {
  let usbLinks = 0;
  return wanted.map((board, index) => {
    const usb = board.links?.includes('usb') === true ? usbLinks++ : undefined;
    return {
      ...(hasLan(board) ? { lanAddress: boardLanAddress(index) } : {}),
      ...(usb === undefined
        ? {}
        : { usb: { interface: `usb${String(usb)}`, address: GADGET_ADDRESS, usbPort: `1-${String(usb + 1)}` } }),
    };
  });
}

async function plugIn(board: LabBoard, index: number, lab: { hub: Namespace; desk: Namespace }): Promise<void> {
  const { lanAddress, usb } = board;
  if (lanAddress !== undefined) {
    await joinLan(lab.hub, board.namespace, { port: `board${String(index)}`, address: lanAddress });
  }
  if (usb !== undefined) await plugInUsb(lab.desk, board.namespace, usb);
}

/** The sysfs of the desk shows the gadgets; without any, it stays the kernel's own. */
async function layOutSysfs(desk: Namespace, boards: readonly LabBoard[]): Promise<void> {
  const gadgets = boards.flatMap(({ usb, release, name }) =>
    usb === undefined
      ? []
      : [{ interface: usb.interface, gadget: { usbPort: usb.usbPort, release, serialNumber: name } }],
  );
  if (gadgets.length === 0) return;
  const plain = ['lo', ...(boards.some(board => board.lanAddress !== undefined) ? ['eth0'] : [])];
  await desk.mustRun(['bash', '-c', pretendSysfsScript([...plain.map(name => ({ interface: name })), ...gadgets])]);
}

async function closeAll(resources: readonly AsyncDisposable[]): Promise<void> {
  await Promise.all(resources.map(resource => resource[Symbol.asyncDispose]()));
}
