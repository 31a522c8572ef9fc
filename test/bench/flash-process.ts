// `node flash-process.js BOARD IMAGE`: flashes the partition rootfs and prints how many milliseconds it took.
import { parseNetworkTarget } from '../../src/device/fastboot-target.js';
import { connectFastboot } from '../../src/fastboot/connect.js';
import { FileImage } from '../../src/fastboot/image/file-image.js';
import { timed } from './measure.js';

const [board = '', file = ''] = process.argv.slice(2);
await using image = await FileImage.open(file);
await using client = await connectFastboot(parseNetworkTarget(board));
process.stdout.write(`${String(await timed(() => client.flash({ partition: 'rootfs', image })))}\n`);
