import { agentFile } from '../agent/local-agent.js';
import { labTest } from './lab-test.js';
import { mustRun } from './program.js';

/** Over the /sys/class of a mount namespace of its own: nobody else sees it, and it goes with its last process. */
const PRETEND_SYS = `
set -eu
mount -t tmpfs lab /sys/class
apex=/sys/class/apex/apex_0
mkdir -p $apex
echo 86000 > $apex/temp
echo 85000 > $apex/trip_point0_temp
echo 5000 > $apex/temp_poll_interval
exec python3 -B -c "$1" "$2"
`;
const READ = `
import json, runpy, sys
board = runpy.run_path(sys.argv[1])["Board"]()
told = board.telemetry()
print(json.dumps([board.tpus(), told["tpuTempMilliC"], told["throttled"]]))
`;

labTest('the agent reads the Edge TPU of the running kernel, where nothing pretends to be its root', async t => {
  const text = await mustRun(['unshare', '-m', 'sh', '-c', PRETEND_SYS, 'sh', READ, agentFile]);
  t.deepEqual(JSON.parse(text), [[['pci', '/dev/apex_0']], [86_000], true]);
});
