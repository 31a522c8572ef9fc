// Tests run from .build/ (scripts/test.js makes it). Lab suites skip themselves, by name, unless MDT_LAB is set.
export default {
  files: ['.build/test/**/*.test.js'],
  timeout: '60s',
  // Tests wait more than they work: for processes, for deadlines, for the disk.
  concurrency: 3,
};
