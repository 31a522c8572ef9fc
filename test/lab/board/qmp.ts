// QEMU's machine protocol, as far as the lab needs it: one JSON object a line (QEMU's docs/interop/qmp-spec.rst).
import { once } from 'node:events';
import { connect } from 'node:net';
import { LineReader } from '../program.js';

/** Runs one command of QEMU's own monitor; rejects with what it prints, which is nothing where all is well. */
export async function askMonitor(socketPath: string, command: string, timeoutMs = 120_000): Promise<void> {
  const socket = connect(socketPath);
  try {
    await once(socket, 'connect');
    const lines = new LineReader(socket);
    const send = (message: object): boolean => socket.write(`${JSON.stringify(message)}\n`);
    await lines.waitFor(/"QMP"/, timeoutMs);
    send({ execute: 'qmp_capabilities' });
    await lines.waitFor(/"return"/, timeoutMs);
    send({ execute: 'human-monitor-command', arguments: { 'command-line': command } });
    const answer = JSON.parse(await lines.waitFor(/"return"|"error"/, timeoutMs)) as { return?: string };
    if (answer.return !== '') throw new Error(`QEMU did not do ${command}: ${JSON.stringify(answer)}`);
  } finally {
    socket.destroy();
  }
}
