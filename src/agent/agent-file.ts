import { readFile } from 'node:fs/promises';

/** Where the agent lies in this package; the build puts it beside the code that asks. */
export const agentFileUrl = new URL('agent.py', import.meta.url);

/** The agent as it is sent to a board: one file for python3. */
export function readAgentFile(): Promise<Buffer> {
  return readFile(agentFileUrl);
}
