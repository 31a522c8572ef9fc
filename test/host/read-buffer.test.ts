import test from 'ava';
import { readBuffer } from '../../src/host/read-buffer.js';

test('a buffer for reading is as long as asked for and begins neither with its memory nor within 64 bytes of a page of it', t => {
  for (const sizeBytes of [0, 1, 4096, 1024 * 1024]) {
    const buffer = readBuffer(sizeBytes);
    t.is(buffer.length, sizeBytes);
    const inPage = buffer.byteOffset % 4096;
    t.true(inPage >= 64 && inPage <= 4096 - 64, String(inPage));
  }
});
