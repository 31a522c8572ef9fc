import type { Readable } from 'node:stream';
import { ProtocolError } from '../errors.js';
import { MAX_LINE_BYTES } from './messages.js';

const LINE_END = 0x0a;

/** The lines of a byte stream as text, without their ends. @throws ProtocolError for a line of more than 1 MiB */
export async function* readLines(stream: Readable): AsyncGenerator<string, void, void> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let rest = chunk;
    for (let end = rest.indexOf(LINE_END); end >= 0; end = rest.indexOf(LINE_END)) {
      checkLength(pendingBytes + end);
      yield Buffer.concat([...pending, rest.subarray(0, end)]).toString();
      pending = [];
      pendingBytes = 0;
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0) pending.push(rest);
    pendingBytes += rest.length;
    checkLength(pendingBytes);
  }
}

function checkLength(lengthBytes: number): void {
  if (lengthBytes <= MAX_LINE_BYTES) return;
  throw new ProtocolError('The benchmark agent sent a line of more than 1 MiB.', {
    hint: 'Something else may have answered in its place; try again.',
    facts: { maxLineBytes: MAX_LINE_BYTES },
  });
}
