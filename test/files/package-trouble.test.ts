import test from 'ava';
import { refusal } from '../../src/files/package-refusal.js';
import { readTrouble, type PackageTrouble } from '../../src/files/package-trouble.js';

/** What apt 1.8 and 2.6 and dpkg 1.19 and 1.21 print in the C locale. */
const TRANSCRIPTS: readonly (readonly [title: string, transcript: string, trouble: PackageTrouble, hint: RegExp])[] = [
  [
    'a lock that apt 2 names the holder of',
    `E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 12147 (unattended-upgr)
N: Be aware that removing the lock file is not a solution and may break your system.
E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?`,
    { kind: 'locked', holder: { pid: 12_147, name: 'unattended-upgr' } },
    /--wait/,
  ],
  [
    'a lock that apt 1.8 does not name the holder of',
    `E: Could not get lock /var/lib/dpkg/lock-frontend - open (11: Resource temporarily unavailable)
E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?`,
    { kind: 'locked', holder: undefined },
    /--wait/,
  ],
  [
    'a lock that dpkg runs into',
    `dpkg: error: dpkg frontend lock was locked by another process with pid 12147
Note: removing the lock file is always wrong, can damage the locked area`,
    { kind: 'locked', holder: { pid: 12_147, name: undefined } },
    /--wait/,
  ],
  [
    'an interrupted dpkg',
    `E: dpkg was interrupted, you must manually run 'sudo dpkg --configure -a' to correct the problem. `,
    { kind: 'interrupted' },
    /dpkg --configure -a/,
  ],
  [
    "Google's expired key",
    `W: An error occurred during the signature verification. The repository is not updated and the previous index files will be used. GPG error: https://packages.cloud.google.com/apt coral-edgetpu-stable InRelease: The following signatures were invalid: EXPKEYSIG 6A030B21BA07F4FB Google Cloud Packages Automatic Signing Key <gc-team@google.com>
E: Some index files failed to download. They have been ignored, or old ones used instead.`,
    { kind: 'expired-key', keys: ['6A030B21BA07F4FB'] },
    /apt-key\.gpg \| sudo apt-key add/,
  ],
  [
    'a clock that is behind, by the date of a list',
    `E: Release file for http://deb.debian.org/debian/dists/buster/InRelease is not valid yet (invalid for another 3d 2h 1min 5s). Updates for this repository will not be applied.`,
    { kind: 'clock' },
    /date -s @/,
  ],
  [
    'a clock that is behind, by a certificate',
    `Err:1 https://packages.cloud.google.com/apt mendel-eagle InRelease
  Certificate verification failed: The certificate is NOT trusted. The certificate chain uses not yet valid certificate.  Could not handshake: Error in the certificate verification.
E: Failed to fetch https://packages.cloud.google.com/apt/dists/mendel-eagle/InRelease`,
    { kind: 'clock' },
    /date -s @/,
  ],
  [
    'a package on hold',
    'E: Held packages were changed and -y was used without --allow-change-held-packages.',
    { kind: 'held' },
    /apt-mark unhold/,
  ],
  [
    'a downgrade',
    'E: Packages were downgraded and -y was used without --allow-downgrades.',
    { kind: 'downgrade' },
    /--allow-downgrade/,
  ],
  [
    'a question about a configuration file',
    `*** demo.conf (Y/I/N/O/D/Z) [default=N] ? dpkg: error processing package demo (--configure):
 end of file on stdin at conffile prompt
Errors were encountered while processing:
 demo
E: Sub-process /usr/bin/dpkg returned an error code (1)`,
    { kind: 'conffile', packageName: 'demo' },
    /dpkg --configure -a/,
  ],
  [
    'a full disk while a package is unpacked',
    `dpkg: error processing archive /tmp/x.deb (--unpack):
 cannot copy extracted data for './usr/bin/x' to '/usr/bin/x.dpkg-new': failed to write (No space left on device)
E: Sub-process /usr/bin/dpkg returned an error code (1)`,
    { kind: 'no-space' },
    /df -h/,
  ],
  [
    'a full disk for what is fetched',
    "E: You don't have enough free space in /var/cache/apt/archives/.",
    { kind: 'no-space' },
    /apt-get clean/,
  ],
  [
    'a file system that is read-only',
    `W: Not using locking for read only lock file /var/lib/dpkg/lock-frontend
E: Unable to mkstemp /var/cache/apt/pkgcache.bin.Vb - mkstemp (30: Read-only file system)`,
    { kind: 'read-only' },
    /remount,rw/,
  ],
  [
    'a dependency that nobody has; the verdict speaks of held packages, and none is',
    `The following packages have unmet dependencies:
 needy : Depends: nothere (>= 2) but it is not installable
E: Unable to correct problems, you have held broken packages.`,
    { kind: 'dependency', line: 'needy : Depends: nothere (>= 2) but it is not installable' },
    /internet/,
  ],
  [
    'a network that is not there',
    `Err:1 http://deb.debian.org/debian buster/main arm64 libx arm64 1.0
  Temporary failure resolving 'deb.debian.org'
E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?`,
    { kind: 'network' },
    /internet/,
  ],
  [
    'a script of the package that fails',
    `dpkg: error processing package demo (--configure):
 installed demo package post-installation script subprocess returned error exit status 1
E: Sub-process /usr/bin/dpkg returned an error code (1)`,
    {
      kind: 'script',
      line: 'installed demo package post-installation script subprocess returned error exit status 1',
    },
    /--verbose/,
  ],
  [
    'something that nobody has met',
    'E: Flux capacitor missing',
    { kind: 'other', line: 'E: Flux capacitor missing' },
    /--verbose/,
  ],
  ['nothing at all', '', { kind: 'other', line: '' }, /--verbose/],
];

for (const [title, transcript, trouble, hint] of TRANSCRIPTS) {
  test(`${title} is known by what apt and dpkg print`, t => {
    const lines = transcript.split('\n');
    t.deepEqual(readTrouble(lines), trouble);
    const error = refusal('The board did not install demo 1.0', readTrouble(lines), { code: 100, lines });
    t.regex(error.message, /^The board did not install demo 1\.0: [^.].*[^.]\.$/);
    t.regex(error.hint ?? '', hint);
    t.is(error.exitCode, 7);
  });
}
