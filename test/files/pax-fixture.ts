import { encodeTarHeader, tarPadding } from '../../src/files/tar.js';

/** The blocks of a pax record such as `size=1.5`, which says more about the entry that follows. */
export function paxRecord(text: string): Buffer {
  let length = text.length + 3;
  while (`${String(length)} ${text}\n`.length !== length) length++;
  const body = Buffer.from(`${String(length)} ${text}\n`);
  const plain = { kind: 'file', name: 'pax', mode: 0o644, modifiedAtS: 1, linkTarget: '' } as const;
  const header = encodeTarHeader({ ...plain, sizeBytes: body.length });
  header.write('x', 156, 'latin1');
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, body, Buffer.alloc(tarPadding(body.length))]);
}
