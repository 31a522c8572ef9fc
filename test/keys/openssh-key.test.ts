import test from 'ava';
import ssh2 from 'ssh2';
import { ed25519Blob, encodeEd25519, generateEd25519, parseOpenSshKey } from '../../src/keys/openssh-key.js';

const publicKey = Buffer.alloc(32, 7);

for (const [meaning, seed] of [
  ['any secret', Buffer.alloc(32, 0x5a)],
  ['a secret that begins with zeros', Buffer.concat([Buffer.alloc(2), Buffer.alloc(30, 1)])],
  ['a secret that begins with a set bit', Buffer.concat([Buffer.from([0xff]), Buffer.alloc(31)])],
] as const) {
  test(`a key file with ${meaning} is read by ssh2 and by us`, t => {
    const text = encodeEd25519({ publicKey, seed }, 'mdt');
    const parsed = ssh2.utils.parseKey(text);
    t.false(parsed instanceof Error);
    t.deepEqual(parsed instanceof Error ? undefined : parsed.getPublicSSH(), ed25519Blob(publicKey));
    t.deepEqual(parseOpenSshKey(text)?.publicBlob, ed25519Blob(publicKey));
  });
}

test('every key that is made can be read', async t => {
  for (let made = 0; made < 600; made++) {
    const text = await generateEd25519('root@board');
    if (ssh2.utils.parseKey(text) instanceof Error) t.fail(text);
  }
  t.pass();
});
