// A board in fastboot as a process of its own, for benchmarks: `node target-process.js FOLDER` prints its ports as JSON
// and runs until its input ends.
import { once } from 'node:events';
import { join } from 'node:path';
import { Bootloader } from './bootloader.js';
import { Disk } from './disk.js';
import { TcpTarget } from './tcp-target.js';
import { UdpTarget } from './udp-target.js';

const [folder = '.'] = process.argv.slice(2);
const partitions = [{ name: 'rootfs', offsetBytes: 0, sizeBytes: 2 * 1024 ** 3 }];
await using disk = await Disk.create(join(folder, 'emmc.img'), partitions);
await using bootloader = await Bootloader.start({ disk, memoryFile: join(folder, 'memory') });
await using tcp = await TcpTarget.listen(bootloader);
await using udp = await UdpTarget.listen(bootloader);
process.stdout.write(`${JSON.stringify({ tcp: tcp.port, udp: udp.port })}\n`);
process.stdin.resume();
await once(process.stdin, 'end');
