/** What `mdt version` prints: one line in the words of Python MDT. */
export const VERSION_LINE = `MDT version ${MDT_VERSION}`;
