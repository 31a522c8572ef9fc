import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { encodeTarHeader, TAR_END, tarPadding } from '../../src/files/tar.js';
import { paxRecord } from './pax-fixture.js';

export interface DebFixture {
  readonly control: string;
  /** How the control member is stored; default gz. `xz` here means that it only says so. */
  readonly compression?: 'gz' | '' | 'xz' | 'zst';
  /** A pax record before the control file. */
  readonly pax?: string;
}

export const HELLO_CONTROL = `Package: hello-coral
Version: 1:2.0-1
Architecture: all
Depends: libc6 (>= 2.14),
 python3 | python2
Maintainer: Nobody <nobody@example.com>
Description: a package for tests
 Depends: this is no field.
`;

/** Writes a small valid package with one file, /usr/share/hello-coral. */
export async function writeDeb(path: string, fixture: DebFixture): Promise<void> {
  const compression = fixture.compression ?? 'gz';
  const pax = fixture.pax === undefined ? Buffer.alloc(0) : paxRecord(fixture.pax);
  const control = Buffer.concat([pax, tar('./control', fixture.control)]);
  const members = [
    member('debian-binary', Buffer.from('2.0\n')),
    member(
      `control.tar${compression === '' ? '' : `.${compression}`}`,
      compression === 'gz' ? gzipSync(control) : control,
    ),
    member('data.tar.gz', gzipSync(tar('./usr/share/hello-coral', 'hello\n'))),
  ];
  await writeFile(path, Buffer.concat([Buffer.from('!<arch>\n'), ...members]));
}

function tar(name: string, content: string): Buffer {
  const bytes = Buffer.from(content);
  const entry = { kind: 'file', name, sizeBytes: bytes.length, mode: 0o644, modifiedAtS: 1, linkTarget: '' } as const;
  return Buffer.concat([encodeTarHeader(entry), bytes, Buffer.alloc(tarPadding(bytes.length)), TAR_END]);
}

function member(name: string, content: Buffer): Buffer {
  const header = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}`;
  const size = String(content.length).padEnd(10);
  return Buffer.concat([Buffer.from(`${header}${size}\`\n`), content, Buffer.alloc(content.length % 2, '\n')]);
}
