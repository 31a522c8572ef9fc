import test from 'ava';
import { isMdtKey, keyOf } from '../../src/pairing/authorized-keys.js';

test('a line is the same key whatever its options and comment', t => {
  t.is(keyOf('ssh-rsa AAAAB3 mdt'), 'AAAAB3');
  t.is(keyOf('no-pty,command="echo ssh" ssh-rsa AAAAB3 someone@desk'), 'AAAAB3');
  t.is(keyOf('ecdsa-sha2-nistp256 AAAAE2 x'), 'AAAAE2');
  t.is(keyOf('# a comment'), '# a comment');
});

test('the keys of MDT are those whose comment is mdt', t => {
  t.true(isMdtKey('ssh-rsa AAAAB3 mdt'));
  t.false(isMdtKey('ssh-rsa AAAAB3 me@mdt'));
  t.false(isMdtKey('ssh-rsa AAAAB3 mdt-desk'));
});
