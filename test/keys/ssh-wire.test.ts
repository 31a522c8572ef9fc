import test from 'ava';
import fc from 'fast-check';
import { fingerprint, parseHostKey, sameHostKey } from '../../src/keys/host-key.js';
import { ed25519Blob, encodeEd25519, parseOpenSshKey, readPrivateFields } from '../../src/keys/openssh-key.js';
import { mpint, sshString, uint32, WireReader } from '../../src/keys/ssh-wire.js';

test('integers are written as RFC 4251 shows', t => {
  t.is(mpint(Buffer.of()).toString('hex'), '00000000');
  t.is(mpint(Buffer.from('09a378f9b2e332a7', 'hex')).toString('hex'), '0000000809a378f9b2e332a7');
  t.is(mpint(Buffer.of(0x80)).toString('hex'), '000000020080');
  t.is(mpint(Buffer.of(0, 0, 1)).toString('hex'), '0000000101');
});

test('what is written reads back, and reading stops at the end', t => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(), (bytes, number) => {
      const reader = new WireReader(Buffer.concat([sshString(bytes), uint32(number)]));
      return (
        reader.string()?.equals(bytes) === true &&
        reader.uint32() === number &&
        reader.uint32() === undefined &&
        reader.string() === undefined
      );
    }),
  );
  t.is(new WireReader(Buffer.from('ffffffff41', 'hex')).string(), undefined);
});

test('nothing that is read as a key or a key file can break the reader', t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      const buffer = Buffer.from(bytes);
      parseHostKey(buffer);
      readPrivateFields(buffer, 'ssh-rsa', 6);
      const magic = Buffer.concat([Buffer.from('openssh-key-v1\0'), buffer]).toString('base64');
      parseOpenSshKey(`-----BEGIN OPENSSH PRIVATE KEY-----\n${magic}\n-----END OPENSSH PRIVATE KEY-----\n`);
      return true;
    }),
  );
  t.pass();
});

test('an Ed25519 key file reads back', t => {
  const key = { publicKey: Buffer.alloc(32, 7), seed: Buffer.alloc(32, 9) };
  const parsed = parseOpenSshKey(encodeEd25519(key, 'mdt'));
  t.is(parsed?.cipher, 'none');
  t.deepEqual(parsed?.publicBlob, ed25519Blob(key.publicKey));
  const [publicKey, secret] = readPrivateFields(parsed?.privateSection ?? Buffer.alloc(0), 'ssh-ed25519', 2) ?? [];
  t.deepEqual(publicKey, key.publicKey);
  t.deepEqual(secret, Buffer.concat([key.seed, key.publicKey]));
  t.is((parsed?.privateSection?.length ?? 1) % 8, 0);
});

test('fingerprints are those of ssh-keygen, and keys are the same by their bytes', t => {
  const a = { algorithm: 'ssh-ed25519', blob: ed25519Blob(Buffer.alloc(32)) };
  const b = { algorithm: 'ssh-ed25519', blob: ed25519Blob(Buffer.alloc(32, 1)) };
  t.regex(fingerprint(a), /^SHA256:[A-Za-z0-9+/]{43}$/);
  t.true(sameHostKey(a, { ...a, blob: Buffer.from(a.blob) }));
  t.false(sameHostKey(a, b));
  t.deepEqual(parseHostKey(a.blob), a);
});
