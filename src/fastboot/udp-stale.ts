import { ProtocolError } from '../errors.js';
import type { Deadline } from '../time/deadline.js';
import { encodeCommand } from './command.js';
import { MAX_RESPONSE_BYTES, parseResponse, type Response } from './response.js';
import type { UdpTransport } from './udp-transport.js';

/** Changes nothing on any board, so it may be repeated. */
const PROBE = 'getvar:version';
/** A command that was never answered, a download that this one opened, and then the answer to the probe itself. */
const MAX_ROUNDS = 3;
const MAX_MESSAGES = 1000;

/**
 * Brings a board into step that was left in the middle of a conversation: U-Boot keeps the command of the last client
 * until somebody asks for its answer, and a download until its data have come, whoever the next client is. Asks for the
 * version until the answer is the answer to that.
 * @throws ProtocolError if the board does not come into step
 */
export async function settle(transport: UdpTransport, options: Omit<Deadline, 'operation'>): Promise<void> {
  const deadline = { ...options, operation: `waiting for the answer to ${PROBE}` };
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const early = await transport.sendCommand(encodeCommand(PROBE), deadline);
    if (early.length > 0) {
      const stale = parseResponse(early, PROBE);
      if (isOpen(stale)) await answer(transport, deadline);
      continue;
    }
    const { kind } = await answer(transport, deadline);
    // A download that was open fails by the probe; a board that does not know its version fails every time.
    if (kind === 'okay' || (kind === 'fail' && round > 0)) return;
  }
  throw new ProtocolError(`${transport.name} stays in an earlier conversation.`, {
    hint: 'Restart fastboot on the board.',
  });
}

async function answer(transport: UdpTransport, deadline: Deadline): Promise<Response> {
  for (let messages = 0; messages < MAX_MESSAGES; messages++) {
    const response = parseResponse(await transport.receive(MAX_RESPONSE_BYTES, deadline), PROBE);
    if (!isOpen(response)) return response;
  }
  throw new ProtocolError(`${transport.name} does not stop talking.`, { hint: 'Restart fastboot on the board.' });
}

function isOpen(response: Response): boolean {
  return response.kind === 'info' || response.kind === 'text';
}
