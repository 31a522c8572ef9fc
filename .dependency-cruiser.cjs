// Who may import whom. Imports point down: cli -> jobs -> talking, finding, format, keys, config -> device -> host -> errors, time.
const FLOOR = ['errors\\.ts', 'time/', 'host/', 'device/', 'version\\.d\\.ts'];
const allowedRooms = {
  formats: ['errors\\.ts'],
  time: ['errors\\.ts'],
  host: ['errors\\.ts', 'time/'],
  device: ['errors\\.ts'],
  config: FLOOR,
  keys: [...FLOOR, 'config/'],
  discovery: [...FLOOR, 'config/', 'keys/'],
  ssh: [...FLOOR, 'config/', 'keys/'],
  tflite: FLOOR,
  fastboot: FLOOR,
  console: FLOOR,
  agent: FLOOR,
  remote: [...FLOOR, 'config/', 'keys/', 'ssh/'],
  pairing: [...FLOOR, 'config/', 'keys/', 'discovery/', 'ssh/', 'remote/', 'console/'],
  files: [...FLOOR, 'formats/', 'config/', 'keys/', 'discovery/', 'ssh/', 'remote/', 'pairing/'],
  bootloader: [...FLOOR, ...['config/', 'keys/', 'discovery/', 'ssh/', 'remote/', 'fastboot/', 'console/', 'pairing/']],
  flash: [
    ...FLOOR,
    ...['formats/', 'config/', 'keys/', 'discovery/', 'ssh/', 'remote/', 'fastboot/', 'console/', 'pairing/'],
    'bootloader/',
  ],
  udev: [...FLOOR, 'discovery/'],
  models: [...FLOOR, 'config/', 'keys/', 'discovery/', 'ssh/', 'remote/', 'pairing/', 'tflite/', 'files/'],
  bench: [
    ...FLOOR,
    ...['config/', 'keys/', 'discovery/', 'ssh/', 'remote/', 'pairing/', 'tflite/'],
    ...['files/', 'models/', 'agent/'],
  ],
  library: [
    ...FLOOR,
    ...['config/', 'keys/', 'discovery/', 'ssh/', 'remote/', 'console/', 'pairing/', 'tflite/'],
    ...['files/', 'bootloader/', 'flash/', 'udev/', 'models/', 'bench/'],
  ],
  'virtual-board': [...FLOOR, 'formats/', 'keys/', 'agent/agent-file\\.ts'],
};

/** Each package has one door; only `path` may import it. */
const doors = {
  ssh2: '^src/(ssh|virtual-board)/',
  'dns-packet': '^src/discovery/mdns\\.ts$',
  'mdns-js': '^src/virtual-board/announce\\.ts$',
  'node-forge': '^src/keys/key-format\\.ts$',
  yauzl: '^src/flash/zip-reader\\.ts$',
  commander: '^src/cli/',
  inquirer: '^src/cli/prompt\\.ts$',
  usb: '^src/(fastboot/usb-transport|discovery/usb-devices)\\.ts$',
  serialport: '^src/(console/serial-port|discovery/serial-ports)\\.ts$',
};

const roomRules = Object.entries(allowedRooms).map(([room, allowed]) => ({
  name: `room-${room}`,
  comment: `${room} may import only what is below it in the house (CONTRIBUTING.md).`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: [`^src/${room}/`, ...allowed.map(target => `^src/${target}`)] },
}));

const doorRules = Object.entries(doors).map(([name, door]) => ({
  name: `door-${name}`,
  comment: `${name} is imported in one place, so that it can be replaced there.`,
  severity: 'error',
  from: { path: '^src/', pathNot: door },
  to: { path: `node_modules/(@types/)?${name}/` },
}));

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'errors-import-nothing', severity: 'error', from: { path: '^src/errors\\.ts$' }, to: { path: '^src/' } },
    {
      name: 'nothing-imports-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    { name: 'src-imports-no-tests', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, path: '^src/', pathNot: '\\.d\\.ts$' }, to: {} },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...roomRules,
    ...doorRules,
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
