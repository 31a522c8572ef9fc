// A process of its own that remembers boards: FILE FIRST COUNT.
import { ed25519Blob } from '../../src/keys/openssh-key.js';
import { rememberBoard } from '../../src/keys/known-boards.js';

const [file = '', first = '0', count = '0'] = process.argv.slice(2);
for (let key = Number(first); key < Number(first) + Number(count); key++) {
  await rememberBoard(file, {
    name: `board-${String(key)}`,
    hostKey: { algorithm: 'ssh-ed25519', blob: ed25519Blob(Buffer.alloc(32, key)) },
    routes: [],
    lastSeen: new Date().toISOString(),
  });
}
