import type { Program } from '../program.js';
import { aptGet, mdtInstallPackage } from './apt.js';
import { basicPrograms } from './basic.js';
import { cmp } from './cmp.js';
import { changePrograms } from './change.js';
import { checksumPrograms } from './checksum.js';
import { cp, mv } from './copy.js';
import { dd } from './dd.js';
import { dpkg, dpkgQuery } from './dpkg.js';
import { find } from './find.js';
import { grep } from './grep.js';
import { gzipPrograms } from './gzip.js';
import { launchPrograms } from './launch.js';
import { ls, stat } from './list.js';
import { pathPrograms } from './path-names.js';
import { printf } from './printf.js';
import { python3 } from './python.js';
import { systemPrograms } from './system.js';
import { tar } from './tar.js';
import { test } from './test.js';
import { textPrograms } from './text.js';
import { withVersion } from './version.js';

export interface KnownProgram {
  /** Where a board has it. */
  readonly folder: string;
  readonly program: Program;
}

const inFolder = (folder: string, programs: Readonly<Record<string, Program>>): Record<string, KnownProgram> =>
  Object.fromEntries(
    Object.entries(programs).map(([name, program]) => [name, { folder, program: withVersion(name, program) }]),
  );

/** All programs of a board by name. */
export const programs: Readonly<Record<string, KnownProgram>> = {
  ...inFolder('/bin', {
    '[': test,
    ...basicPrograms,
    ...changePrograms,
    cp,
    dd,
    egrep: grep,
    fgrep: grep,
    grep,
    ...gzipPrograms,
    ls,
    mv,
    ...textPrograms,
  }),
  ...inFolder('/usr/bin', {
    apt: aptGet,
    'apt-get': aptGet,
    ...checksumPrograms,
    cmp,
    dpkg,
    'dpkg-query': dpkgQuery,
    find,
    ...launchPrograms,
    ...pathPrograms,
    printf,
    python3,
    stat,
    tar,
    test,
  }),
  ...inFolder('/usr/sbin', { 'mdt-install-package': mdtInstallPackage, ...systemPrograms }),
};
