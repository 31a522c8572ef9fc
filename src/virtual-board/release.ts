export const RELEASES = ['eagle', 'day', 'chef'] as const;

/** Releases of Mendel that a virtual board can be. */
export type ReleaseName = (typeof RELEASES)[number];

/** What differs between the releases of Mendel, from the public sources of its packages; "inferred" where none says it. */
export interface Release {
  readonly name: ReleaseName;
  readonly number: number;
  readonly title: string;
  /** `/etc/mendel_version` holds this line. */
  readonly mendelVersion: string;
  readonly kernel: string;
  readonly keymaster: KeymasterRules;
}

export interface KeymasterRules {
  /** Eagle answers `400 Invalid key` unless the stripped body matches; the older ones take any body (Day: inferred). */
  readonly accepts: RegExp | undefined;
  /** Day and Eagle start it again when authorized_keys changes; Chef only at boot. */
  readonly restartsOnChange: boolean;
}

/** A line of authorized_keys that came from MDT; while there is one, keymaster does not run. */
export const MDT_KEY_LINE = /^ssh-rsa .* mdt$/;

const releases: Readonly<Record<ReleaseName, Release>> = {
  eagle: {
    name: 'eagle',
    number: 5,
    title: 'Eagle',
    mendelVersion: '5.3',
    kernel: '4.14.98-imx',
    keymaster: { accepts: MDT_KEY_LINE, restartsOnChange: true },
  },
  day: {
    name: 'day',
    number: 4,
    title: 'Day',
    mendelVersion: '4.0',
    kernel: '4.14.98-imx',
    keymaster: { accepts: undefined, restartsOnChange: true },
  },
  chef: {
    name: 'chef',
    number: 3,
    title: 'Chef',
    mendelVersion: '3.0',
    kernel: '4.9.51-imx',
    keymaster: { accepts: undefined, restartsOnChange: false },
  },
};

export function releaseOf(name: ReleaseName): Release {
  return releases[name];
}
